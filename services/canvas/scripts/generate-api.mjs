// Writes src/api/schema.d.ts from docs/api/openapi.json; with --check only compares, and fails when
// the committed file is stale.
import { readFile, writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';

const source = new URL('../../../docs/api/openapi.json', import.meta.url);
const target = new URL('../src/api/schema.d.ts', import.meta.url);

const head = '// Made from docs/api/openapi.json by `npm run api`. Do not edit.\n\n';
const made = head + astToString(await openapiTS(source, { alphabetize: true }));

if (process.argv.includes('--check')) {
  const found = await readFile(target, 'utf8').catch(() => '');
  if (found !== made) {
    console.error('src/api/schema.d.ts does not match docs/api/openapi.json: run `npm run api`.');
    process.exit(1);
  }
} else {
  await writeFile(target, made);
}
