// The Evaluate panel on the real stack: completions, results and mistakes come from the server; all
// of it by keyboard, in both themes, under axe.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { findings, launch, openApi, openPage, picture, signIn } from './browser.mjs';

const url = process.env.AGENTFLOW_URL;
const account = { email: process.env.AGENTFLOW_EMAIL, password: process.env.AGENTFLOW_PASSWORD };

const source = `
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: browser-evaluate, title: Evaluate in the browser}
inputs: {type: object, required: [amount], properties: {amount: {type: number}}}
nodes:
  total: {type: data.transform@1, title: Total, with: {value: {sum: =inputs.amount * 2.0, note: Größe 😀}}}
  each:
    type: flow.map@1
    title: Each price
    with: {items: "=[3, 4]", output: =nodes.price.output}
    nodes: {price: {type: data.transform@1, title: Price, with: {value: =item * 10}}}
    edges: [start -> price]
edges: [start -> total, total -> each]
`;

let browser;
let execution;
before(async () => {
  const call = await openApi(url, account);
  await call('/v1/workflows:import', { source, replace: true });
  await call('/v1/workflows/browser-evaluate:publish', {});
  execution = (await call('/v1/workflows/browser-evaluate:start', { input: { amount: 30 } })).name;
  browser = await launch();
});
after(() => browser?.close());

for (const dark of [true, false]) {
  const theme = dark ? 'dark' : 'light';
  test(`an expression is written and evaluated by keyboard (${theme})`, async () => {
    const { page, context, errors } = await openPage(browser, { url, dark });
    await signIn(page, account);
    await page.goto(`/${execution}`);
    await page.locator('.react-flow__node[data-id="total"]').waitFor();
    const panel = page.getByRole('region', { name: 'Evaluate' });
    const field = panel.getByRole('textbox', { name: 'Expression' });
    const result = panel.getByRole('region', { name: 'Result' });
    await panel.waitFor();

    await page.keyboard.press('e');
    await page.keyboard.type('nodes.to');
    await page.getByRole('option', { name: /total/ }).first().waitFor();
    await picture(page, `evaluate-${theme}-1-completions`);
    await page.keyboard.press('Tab');
    await page.waitForFunction(() => document.activeElement?.value === 'nodes.total');
    await page.keyboard.type('.output.');
    await page.getByRole('option', { name: /sum/ }).waitFor();
    assert.deepEqual(await findings(page), []);
    await page.keyboard.type('sum');
    await page.keyboard.press('Enter');
    await result.getByText('60', { exact: true }).waitFor();
    await panel.getByText('double', { exact: true }).waitFor();

    await field.fill('nodes.total.output');
    await page.keyboard.press('Enter');
    await result.getByText('"Größe 😀"').waitFor();
    await picture(page, `evaluate-${theme}-2-result`);

    await field.fill("'😀' + imputs.note");
    await page.keyboard.press('Enter');
    await panel.getByText('1:8', { exact: true }).waitFor();
    assert.equal(await panel.locator('[data-severity="ERROR"]').first().textContent(), 'imputs');
    assert.equal(await field.getAttribute('aria-invalid'), 'true');
    await picture(page, `evaluate-${theme}-3-mistake`);
    assert.deepEqual(await findings(page), []);
    await panel.getByRole('button', { name: 'Write inputs' }).click();
    assert.equal(await field.inputValue(), "'😀' + inputs.note");
    assert.deepEqual(errors, []);
    await context.close();
  });
}

test('the same expression is evaluated for each step that is chosen', async () => {
  const { page, context } = await openPage(browser, { url });
  await signIn(page, account);
  await page.goto(`/${execution}?node=each.price&iteration=0`);
  const panel = page.getByRole('region', { name: 'Evaluate' });
  await panel.getByText('each.price#0').waitFor();
  await page.keyboard.press('e');
  await page.keyboard.type('[item, index]');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Enter');
  const result = panel.getByRole('region', { name: 'Result' });
  await result.getByText('3', { exact: true }).waitFor();
  await page.getByLabel('Iteration').selectOption('1');
  await panel.getByText('each.price#1').waitFor();
  await result.getByText('4', { exact: true }).waitFor();
  await picture(page, 'evaluate-4-step');
  await page.locator('.react-flow__node[data-id="total"]').click();
  await panel.getByText('`item` exists only').waitFor();
  await context.close();
});
