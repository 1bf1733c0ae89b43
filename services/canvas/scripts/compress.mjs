// Puts a gzipped copy beside every text file of dist/, which the gateway then sends as it is.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';

const dist = new URL('../dist/', import.meta.url);
const worthIt = 1000;

for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.(js|css|html|svg)$/.test(entry.name)) continue;
  const path = `${entry.parentPath ?? entry.path}/${entry.name}`;
  const content = await readFile(path);
  if (content.length > worthIt) await writeFile(`${path}.gz`, gzipSync(content, { level: 9 }));
}
