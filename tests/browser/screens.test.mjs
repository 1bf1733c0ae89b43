// Every screen in both themes: it opens, nothing breaks, and axe finds nothing serious.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { findings, launch, openPage, picture, signIn } from './browser.mjs';

const url = process.env.AGENTFLOW_URL;
const account = { email: process.env.AGENTFLOW_EMAIL, password: process.env.AGENTFLOW_PASSWORD };

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const screens = [
  ['overview', '/', (page) => page.getByRole('heading', { name: 'Latest executions' })],
  ['workflows', '/workflows', (page) => page.getByRole('row').nth(1)],
  ['workflow', '/workflows/review-board', (page) => page.locator('.react-flow__node').nth(1)],
  ['start', '/workflows/review-board?start=true', (page) => page.getByRole('dialog').getByLabel('Text', { exact: true }).first()],
  ['executions', '/executions', (page) => page.getByRole('row').nth(1)],
  ['approvals', '/approvals?show=all', (page) => page.getByRole('heading', { name: 'Approvals' })],
  ['migrations', '/workflows/review-board?tab=migrations', (page) => page.getByText('No migrations yet')],
  ['agents', '/agents', (page) => page.getByRole('heading', { name: 'Agents' })],
  ['not-found', '/nowhere', (page) => page.getByText('There is no such page')],
  ['missing', '/workflows/no-such-workflow', (page) => page.getByRole('alert')],
];

for (const dark of [true, false]) {
  const theme = dark ? 'dark' : 'light';
  test(`every screen opens and is accessible (${theme})`, async (t) => {
    const { page, context } = await openPage(browser, { url, dark });
    await page.goto('/login');
    await page.getByLabel('E-mail').waitFor();
    assert.deepEqual(await findings(page), [], 'login');
    await signIn(page, account);
    for (const [name, path, ready] of screens) {
      await t.test(name, async () => {
        await page.goto(path);
        await ready(page).waitFor();
        // Colours that are still fading would be measured as too faint.
        await page.waitForTimeout(400);
        await picture(page, `${theme}-screen-${name}`);
        assert.deepEqual(await findings(page), []);
      });
    }
    await context.close();
  });
}

test('an execution is accessible in each of its views', async (t) => {
  const { page, context } = await openPage(browser, { url });
  await signIn(page, account);
  await page.goto('/executions');
  await page.getByRole('row').nth(1).click();
  await page.locator('.react-flow__node').nth(1).waitFor();
  for (const view of ['Graph', 'Timeline', 'Journal', 'Checkpoints']) {
    await t.test(view, async () => {
      await page.getByRole('tab', { name: view }).click();
      await page.waitForTimeout(400);
      assert.deepEqual(await findings(page), []);
    });
  }
  await context.close();
});

test('the keyboard alone opens a node of the graph', async () => {
  const { page, context } = await openPage(browser, { url });
  await signIn(page, account);
  await page.keyboard.press('g');
  await page.keyboard.press('w');
  await page.waitForURL(/\/workflows$/);
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('review');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/workflows\/review-board/);
  await page.locator('.react-flow__node[tabindex="0"]').waitFor();
  await page.locator('.react-flow__node[tabindex="0"]').focus();
  await page.keyboard.press('Enter');
  await page.getByRole('complementary', { name: 'Node' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('complementary', { name: 'Node' }).waitFor({ state: 'detached' });
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Shortcuts' }).waitFor();
  await context.close();
});

test('motion is reduced for those who ask', async () => {
  const { page, context } = await openPage(browser, { url });
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto('/login');
  const duration = await page
    .getByRole('button', { name: 'Sign in' })
    .evaluate((button) => getComputedStyle(button).transitionDuration);
  assert.match(duration, /^0\.001s|^1ms/);
  await context.close();
});
