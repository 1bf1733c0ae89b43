// The main path of the product in a real browser: sign in, open the example, start it by its form,
// watch it finish live, read what a step answered.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, openPage, picture, signIn, sizes } from './browser.mjs';

const url = process.env.AGENTFLOW_URL;
const account = { email: process.env.AGENTFLOW_EMAIL, password: process.env.AGENTFLOW_PASSWORD };
const text = `# Release notes

AgentFlow runs workflows. A workflow is a graph of nodes. Each node does one thing, and what it
answers is kept. When a node fails it is tried again, and the journal says why.

## Known limits

See [the limits](missing.md). A lane is owned by one executor at a time.
`;

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

for (const dark of [true, false]) {
  const theme = dark ? 'dark' : 'light';
  test(`a person runs review-board and reads a step (${theme})`, async () => {
    const { page, context, errors } = await openPage(browser, { url, dark });
    await signIn(page, account);
    await picture(page, `${theme}-overview`);

    await page.getByRole('link', { name: 'Workflows', exact: true }).click();
    await page.getByRole('searchbox').fill('review');
    await page.getByRole('row').filter({ hasText: 'review-board' }).click();
    await page.locator('.react-flow__node').nth(1).waitFor();
    await picture(page, `${theme}-workflow`);

    await page.getByRole('button', { name: 'Start', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Text', { exact: true }).first().fill(text);
    await dialog.getByRole('button', { name: 'Start', exact: true }).click();
    await page.waitForURL(/\/executions\/[0-9a-f-]{36}/);

    // Live: the page is never reloaded and must come to show the end by itself.
    await page.locator('h1 [data-state]').waitFor();
    await picture(page, `${theme}-running`);
    await page.locator('h1 [data-state="COMPLETED"]').waitFor({ timeout: 120_000 });
    await page.waitForFunction(
      () =>
        [...document.querySelectorAll('.react-flow__node-node [data-state]')].every((card) =>
          ['COMPLETED', 'SKIPPED'].includes(card.dataset.state),
        ) && document.querySelector('.react-flow__node-node [data-state="COMPLETED"]'),
    );
    await picture(page, `${theme}-completed`);

    const done = page.locator('.react-flow__node-node:has([data-state="COMPLETED"])').last();
    await done.click();
    const step = page.getByRole('complementary', { name: 'Step' });
    await step.getByText('Completed', { exact: true }).waitFor();
    const output = step.getByRole('region', { name: 'Output' });
    await output.waitFor();
    await page.waitForFunction(() => {
      const box = document.querySelector('section[aria-label="Output"]');
      return box && !box.textContent.endsWith('None') && box.textContent.length > 'Output'.length + 12;
    });
    await picture(page, `${theme}-step`);

    await page.getByRole('tab', { name: 'Timeline' }).click();
    assert.ok((await page.locator('button[aria-pressed]').count()) >= 2, 'the timeline has a line per step');
    await picture(page, `${theme}-timeline`);
    await page.getByRole('tab', { name: 'Journal' }).click();
    await page.getByRole('table', { name: 'Journal' }).getByText('Execution started').waitFor();
    await picture(page, `${theme}-journal`);

    assert.deepEqual(errors, [], 'no script error and no violation of the Content-Security-Policy');
    await context.close();
  });
}

test('a reload keeps the session and the place', async () => {
  const { page, context } = await openPage(browser, { url });
  await signIn(page, account);
  await page.goto('/workflows/review-board?node=start');
  await page.getByRole('button', { name: 'Start', exact: true }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Start', exact: true }).waitFor();
  // Reloading at once, again and again, must not use a refresh token twice.
  for (let times = 0; times < 6; times += 1) {
    await page.evaluate(() => location.reload()).catch(() => undefined);
    await page.waitForTimeout(40 * times);
  }
  await page.getByRole('button', { name: 'Start', exact: true }).waitFor();
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }));
  assert.ok(!/access|refresh/i.test(kept), 'no token outlives the browser in localStorage')

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(/\/login/);
  await page.goto('/executions');
  await page.waitForURL(/\/login\?to=/);
  await context.close();
});

test('tabs share one session, each refreshing it in turn', async () => {
  const { page, context } = await openPage(browser, { url });
  await signIn(page, account);
  const tabs = [page, await context.newPage(), await context.newPage(), await context.newPage()];
  // All at once: a refresh token that two of them used would end the session.
  await Promise.all(tabs.map((tab) => tab.goto('/workflows')));
  await Promise.all(tabs.map((tab) => tab.getByRole('row').nth(1).waitFor()));
  await page.reload();
  await page.getByRole('row').nth(1).waitFor();
  await tabs[1].getByRole('button', { name: 'Sign out' }).click();
  await Promise.all(tabs.map((tab) => tab.waitForURL(/\/login/)));
  await context.close();
});

test('input that does not match is refused at its field', async () => {
  const { page, context } = await openPage(browser, { url });
  await signIn(page, account);
  await page.goto('/workflows/review-board?start=true');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Start', exact: true }).click();
  const field = dialog.getByLabel('Text', { exact: true }).first();
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-invalid') === 'true');
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  assert.match(page.url(), /workflows\/review-board/);
  await context.close();
});

test('a wrong password gets the reason, not a way in', async () => {
  const { page, context } = await openPage(browser, { url });
  await page.goto('/login');
  await page.getByLabel('E-mail').fill(account.email);
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('CREDENTIALS_INVALID').waitFor();
  await context.close();
});

test('it works on a phone', async () => {
  const { page, context, errors } = await openPage(browser, { url, size: sizes.phone });
  await signIn(page, account);
  await page.getByRole('link', { name: 'Executions', exact: true }).click();
  await page.getByRole('row').nth(1).click();
  await page.locator('.react-flow__node').nth(1).waitFor();
  const wider = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(wider, false, 'nothing sticks out to the side');
  await picture(page, 'phone-execution');
  assert.deepEqual(errors, []);
  await context.close();
});
