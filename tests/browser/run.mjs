// Runs the browser tests and ends with "N passed, N failed".
//
//   node run.mjs            against AGENTFLOW_URL, AGENTFLOW_EMAIL, AGENTFLOW_PASSWORD, or the
//                           stack that .agentflow/credentials.json names
//   node run.mjs --mock     against the canvas's mock server (built canvas needed)
import { readFile } from 'node:fs/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const here = new URL('./', import.meta.url);
let mock;

if (process.argv.includes('--mock')) {
  const { startMock } = await import(new URL('../../services/canvas/dev/server.mjs', here));
  mock = await startMock({ speed: 3 });
  process.env.AGENTFLOW_URL = mock.url;
  process.env.AGENTFLOW_EMAIL = 'ada@example.com';
  process.env.AGENTFLOW_PASSWORD = 'correct horse battery';
  process.env.AGENTFLOW_MOCK = '1';
} else if (!process.env.AGENTFLOW_URL) {
  const file = new URL('../../.agentflow/credentials.json', here);
  const { url, email, password } = JSON.parse(await readFile(file, 'utf8'));
  Object.assign(process.env, {
    AGENTFLOW_URL: url,
    AGENTFLOW_EMAIL: email,
    AGENTFLOW_PASSWORD: password,
  });
}

const files = [
  'review-board.test.mjs',
  'screens.test.mjs',
  ...(mock ? ['mock.test.mjs'] : ['live.test.mjs', 'evaluate.test.mjs', 'control.test.mjs']),
];
let passed = 0;
let failed = 0;
const stream = run({
  files: files.map((file) => fileURLToPath(new URL(file, here))),
  concurrency: 1,
  timeout: 240_000,
});
// A file that could not be loaded counts as one failure; one that could is not a test itself.
const isTest = (data) => data.details?.type !== 'suite' && !files.some((file) => data.name.endsWith(file));
stream.on('test:pass', (data) => {
  if (isTest(data)) passed += 1;
});
stream.on('test:fail', (data) => {
  if (data.details?.type !== 'suite') failed += 1;
});
const report = stream.compose(new spec());
report.pipe(process.stdout, { end: false });
report.on('end', () => {
  mock?.close();
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`, () => {
    process.exit(failed > 0 || passed === 0 ? 1 : 0);
  });
});
