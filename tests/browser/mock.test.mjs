// What needs a server that misbehaves on demand: broken connections, forgotten events, outages,
// refusals, missing permissions, cancelling, many nodes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, openPage, picture, signIn } from './browser.mjs';

const url = process.env.AGENTFLOW_URL;
const account = { email: process.env.AGENTFLOW_EMAIL, password: process.env.AGENTFLOW_PASSWORD };
const dev = (what, body = {}) => fetch(`${url}/dev/${what}`, { method: 'POST', body: JSON.stringify(body) });

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

async function start(page, workflow) {
  await page.goto(`/workflows/${workflow}?start=true`);
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Start', exact: true }).click();
  await page.waitForURL(/\/executions\//);
  await page.locator('h1 [data-state]').waitFor();
}

for (const how of ['drop', 'forget']) {
  test(`a run is followed to its end over a broken connection (${how})`, async () => {
    const { page, context } = await openPage(browser, { url });
    await signIn(page, account);
    await start(page, 'nightly-import');
    for (let times = 0; times < 3; times += 1) {
      await page.waitForTimeout(400);
      await dev(how);
    }
    await page.locator('h1 [data-state="FAILED"]').waitFor({ timeout: 30_000 });
    await page.getByText('Live', { exact: true }).waitFor();
    await page.locator('.react-flow__node[data-id="notify"] [data-state="FAILED"]').waitFor();
    // 12 sources, three steps each, and five nodes around them.
    await page.getByText('40 of 40 steps').waitFor();
    await context.close();
  });
}

test('an outage is shown and survived', async () => {
  const { page, context } = await openPage(browser, { url });
  await signIn(page, account);
  await dev('outage', { ms: 2500 });
  await page.goto('/');
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  await page.getByText('BACKEND_UNAVAILABLE').first().waitFor();
  await page.waitForTimeout(2600);
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await context.close();
});

test('a refusal of the server lands at its field', async () => {
  const { page, context } = await openPage(browser, { url });
  await signIn(page, account);
  await page.goto('/workflows/review-board?start=true');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Text', { exact: true }).first().fill('refuse me');
  await dialog.getByRole('button', { name: 'Start', exact: true }).click();
  await dialog.getByText('The server does not like this text.').waitFor();
  assert.equal(await dialog.getByLabel('Text', { exact: true }).first().getAttribute('aria-invalid'), 'true');
  await context.close();
});

test('what one may not do is disabled, with the reason', async () => {
  const { page, context } = await openPage(browser, { url });
  await signIn(page, { email: 'viewer@example.com', password: account.password });
  await page.goto('/workflows/review-board?start=true');
  const button = page.getByRole('button', { name: 'Start', exact: true });
  await button.waitFor();
  assert.equal(await button.isDisabled(), true);
  assert.equal(await button.getAttribute('title'), 'You may not start executions');
  assert.equal(await page.getByRole('dialog').count(), 0);
  await context.close();
});

test('cancelling asks first and stops the steps', async () => {
  const { page, context } = await openPage(browser, { url });
  await signIn(page, account);
  await start(page, 'signal-mesh');
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await page.getByRole('button', { name: 'Cancel the execution' }).click();
  await page.locator('h1 [data-state="CANCELED"]').waitFor();
  assert.equal(await page.locator('.react-flow__node [data-state="RUNNING"]').count(), 0);
  await context.close();
});

test('a hundred and twenty nodes stay live', async () => {
  const { page, context, errors } = await openPage(browser, { url });
  await signIn(page, account);
  await start(page, 'signal-mesh');
  await page.locator('.react-flow__node [data-state="COMPLETED"]').nth(30).waitFor();
  await picture(page, 'mesh-running');
  await page.locator('h1 [data-state="COMPLETED"]').waitFor({ timeout: 60_000 });
  await page.getByText('120 of 120 steps').waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test('a list of hundreds renders a screenful', async () => {
  const { page, context } = await openPage(browser, { url });
  await signIn(page, account);
  await page.goto('/executions');
  await page.getByRole('row').nth(5).waitFor();
  assert.ok((await page.getByRole('row').count()) < 60);
  const table = page.getByRole('table', { name: 'Executions' });
  for (let times = 0; times < 12; times += 1) {
    await table.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await page.waitForTimeout(120);
  }
  const height = await table.evaluate((element) => element.scrollHeight);
  assert.ok(height > 600 * 44, `all pages were read (${height}px)`);
  assert.ok((await page.getByRole('row').count()) < 60);
  await context.close();
});

test('a run is paused, resumed and, once it failed, retried', async () => {
  const { page, context, errors } = await openPage(browser, { url });
  await signIn(page, account);
  await start(page, 'nightly-import');
  const failed = new URL(page.url()).pathname;
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Pause', exact: true }).click();
  await page.locator('h1 [data-state="PAUSED"]').waitFor();
  await page.getByRole('button', { name: 'Resume', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Resume', exact: true }).click();
  await page.locator('h1 [data-state="FAILED"]').waitFor({ timeout: 30_000 });
  await page.getByRole('tab', { name: 'Checkpoints' }).click();
  await page.getByRole('table', { name: 'Checkpoints' }).getByText('Execution started').waitFor();
  await page.getByRole('button', { name: 'Retry', exact: true }).click();
  await page.getByRole('button', { name: 'Start the retry' }).click();
  await page.waitForURL((at) => at.pathname !== failed);
  await page.getByText('Retry of').waitFor();
  assert.deepEqual(errors, []);
  await context.close();
});

test('what the server refuses is said in the dialog', async () => {
  const { page, context } = await openPage(browser, { url });
  await signIn(page, account);
  await start(page, 'nightly-import');
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await dev('outage', { ms: 1500 });
  await page.getByRole('dialog').getByRole('button', { name: 'Pause', exact: true }).click();
  await page.getByRole('dialog').getByRole('alert').getByText('BACKEND_UNAVAILABLE').waitFor();
  await context.close();
});
