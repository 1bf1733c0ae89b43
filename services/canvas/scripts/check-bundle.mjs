// What the first page needs must stay small: fails when the entry and everything it imports
// statically, gzipped, exceed the budget. Also refuses inline scripts and styles in index.html,
// which the Content-Security-Policy would block.
import { readdir, readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';

const budget = 250_000;
const dist = new URL('../dist/', import.meta.url);
const html = await readFile(new URL('index.html', dist), 'utf8');

if (/<style|\sstyle=|<script(?![^>]*\ssrc=)/.test(html)) {
  console.error('dist/index.html has inline script or style.');
  process.exit(1);
}

const seen = new Set();
const visit = async (path) => {
  if (seen.has(path)) return;
  seen.add(path);
  const code = await readFile(new URL(path, dist), 'utf8');
  // Static imports only: `import("./x.js")` is loaded when it is needed.
  for (const [, next] of code.matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)) {
    await visit(`assets/${next}`);
  }
};
for (const [, path] of html.matchAll(/src="\/([^"]+\.js)"/g)) await visit(path);

let first = 0;
for (const path of seen) first += gzipSync(await readFile(new URL(path, dist))).length;
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(0)} kB`;
console.log(
  `First page: ${kilobytes(first)} of JavaScript gzipped in ${seen.size} files (budget ${kilobytes(budget)}).`,
);
const files = await readdir(new URL('assets/', dist));
if (files.length === 0 || first > budget) process.exit(1);
