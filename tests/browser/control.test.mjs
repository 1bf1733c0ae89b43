// What people do to executions under way and to those that went wrong, on the real stack: decide,
// signal, pause, resume, retry, fork, migrate, start many.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { findings, launch, openApi, openPage, picture, signIn, sizes } from './browser.mjs';

const url = process.env.AGENTFLOW_URL;
const account = { email: process.env.AGENTFLOW_EMAIL, password: process.env.AGENTFLOW_PASSWORD };

const document = (name, body) => `
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: ${name}, title: ${name} in the browser}
${body}`;

const approval = document('browser-approval', `
outputs: {limit: =nodes.sign.output.values.limit}
nodes:
  sign:
    type: flow.approval@1
    title: Sign
    with:
      title: Sign the contract
      description: "**Two years**, price fixed."
      by: ["role:admin"]
      form: {type: object, required: [limit], properties: {limit: {type: integer, title: Limit, minimum: 1}}}
  file: {type: data.transform@1, title: File it, with: {value: filed}}
edges: [start -> sign, sign.approved -> file]
`);
const signal = document('browser-signal', `
outputs: {amount: =nodes.paid.output.amount}
nodes:
  paid: {type: flow.signal@1, title: Paid, with: {name: payment}}
  book: {type: data.transform@1, title: Book it, with: {value: booked}}
edges: [start -> paid, paid -> book]
`);
const failing = document('browser-failing', `
inputs: {type: object, properties: {ok: {type: boolean}}}
outputs: {rows: =nodes.load.output.rows}
nodes:
  load: {type: data.transform@1, title: Load, with: {value: {rows: 3}}}
  check: {type: flow.if@1, title: Good enough, with: {when: inputs.ok}}
  refuse: {type: flow.fail@1, title: Refuse, with: {reason: TOO_FEW_ROWS, message: Three are too few.}}
  keep: {type: data.transform@1, title: Keep, with: {value: kept}}
edges: [start -> load, load -> check, check.false -> refuse, check.true -> keep]
`);
const waiting = (node) => document('browser-migrate', `
inputs: {type: object, required: [order], properties: {order: {type: string}}}
nodes:
  ${node}: {type: flow.signal@1, title: Take the payment, with: {name: payment}}
edges: [start -> ${node}]
`);

let browser;
let call;
before(async () => {
  call = await openApi(url, account);
  browser = await launch();
});
after(() => browser?.close());

async function publish(source) {
  const name = /metadata: {name: ([a-z-]+)/.exec(source)[1];
  await call('/v1/workflows:import', { source, replace: true });
  await call(`/v1/workflows/${name}:publish`, {});
  return `workflows/${name}`;
}

async function start(source, input = {}) {
  return (await call(`/v1/${await publish(source)}:start`, { input })).name;
}

/** Opens a page and checks, when it is done, that nothing went wrong in it. */
async function within(path, options, work) {
  const { page, context, errors } = await openPage(browser, { url, ...options });
  await signIn(page, account);
  await page.goto(path);
  await work(page);
  assert.deepEqual(errors, []);
  await context.close();
}

const stateIs = (page, state) => page.locator(`h1 [data-state="${state}"]`).waitFor();
const button = (page, name) => page.getByRole('button', { name, exact: true });
const sticksOut = (page) =>
  page.evaluate(() => globalThis.document.documentElement.scrollWidth > innerWidth);

test('an approval appears by itself, is decided with its form, and the run goes on', async () => {
  await publish(approval);
  await within('/approvals', {}, async (page) => {
    await page.getByRole('heading', { name: 'Approvals' }).waitFor();
    const before = await page.getByRole('row').filter({ hasText: 'Sign the contract' }).count();
    const execution = (await call('/v1/workflows/browser-approval:start', { input: {} })).name;
    const rows = page.getByRole('row').filter({ hasText: 'Sign the contract' });
    await rows.nth(before).waitFor();
    await rows.first().click();
    const panel = page.getByRole('complementary', { name: 'Approval' });
    await panel.getByText('Two years', { exact: true }).waitFor();
    assert.deepEqual(await findings(page), []);
    await picture(page, 'control-approval');

    await button(panel, 'Approve').click();
    await page.waitForFunction(
      () => globalThis.document.activeElement?.getAttribute('aria-invalid') === 'true',
    );
    await panel.getByLabel('Limit').fill('250');
    await panel.getByLabel('Comment').fill('As agreed.');
    await button(panel, 'Approve').click();
    await panel.locator('[data-state="APPROVED"]').waitFor();
    await panel.getByText('As agreed.').waitFor();

    await page.goto(`/${execution}`);
    await stateIs(page, 'COMPLETED');
    await page.getByRole('region', { name: 'Output' }).getByText('250').waitFor();
  });
});

test('an execution says what it waits for, and a signal lets it go on', async () => {
  const execution = await start(signal);
  await within(`/${execution}`, {}, async (page) => {
    await stateIs(page, 'WAITING');
    const waits = page.getByRole('region', { name: 'Waits for' });
    await waits.getByText('payment', { exact: true }).waitFor();
    await button(waits, 'Send').click();
    const dialog = page.getByRole('dialog');
    assert.equal(await dialog.getByLabel('Name').inputValue(), 'payment');
    await dialog.getByLabel('Payload as JSON').fill('{"amount": ');
    await button(dialog, 'Send').click();
    await dialog.getByRole('alert').waitFor();
    await dialog.getByLabel('Payload as JSON').fill('{"amount": 12}');
    assert.deepEqual(await findings(page), []);
    await button(dialog, 'Send').click();
    await stateIs(page, 'COMPLETED');
    await waits.waitFor({ state: 'detached' });
    await page.getByRole('region', { name: 'Output' }).getByText('12').waitFor();
  });
});

test('it is paused by keyboard and resumed', async () => {
  const execution = await start(signal);
  await within(`/${execution}`, { dark: false }, async (page) => {
    await stateIs(page, 'WAITING');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('pause this');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Pause this execution?' });
    await dialog.waitFor();
    await page.keyboard.type('Lunch');
    assert.deepEqual(await findings(page), []);
    await page.keyboard.press('Enter');
    await stateIs(page, 'PAUSED');
    await picture(page, 'control-paused');
    await button(page, 'Resume').focus();
    await page.keyboard.press('Enter');
    const resume = page.getByRole('dialog', { name: 'Resume this execution?' });
    // Not before the dialog has read the steps: until then there is nothing to press.
    await resume.getByRole('button', { name: 'Resume', disabled: false }).press('Enter');
    await stateIs(page, 'WAITING');
    await page.getByRole('tab', { name: 'Journal' }).click();
    await page.getByRole('table', { name: 'Journal' }).getByText('Lunch').waitFor();
  });
});

test('a failed one is retried, and forked with another input', async () => {
  const execution = await start(failing, { ok: false });
  await within(`/${execution}`, {}, async (page) => {
    await stateIs(page, 'FAILED');
    await button(page, 'Retry').click();
    await button(page.getByRole('dialog'), 'Start the retry').click();
    await page.waitForURL((at) => !at.pathname.endsWith(execution));
    await stateIs(page, 'FAILED');
    const facts = page.getByRole('complementary', { name: 'Execution' });
    await facts.getByText('Retry of').waitFor();
    await facts.getByTitle(execution).click();
    await page.waitForURL((at) => at.pathname === `/${execution}`);

    await page.locator('.react-flow__node[data-id="check"]').click();
    await button(page, 'Fork from here').click();
    const dialog = page.getByRole('dialog', { name: 'Fork from check' });
    await dialog.getByRole('checkbox').check();
    await dialog.getByLabel('Input of the execution as JSON').fill('{"ok": true}');
    await dialog.getByLabel('Change the output of').selectOption('load');
    await dialog.getByLabel('Output of load as JSON').fill('{"rows": 30}');
    assert.deepEqual(await findings(page), []);
    await picture(page, 'control-fork');
    await button(dialog, 'Start the fork').click();
    await stateIs(page, 'COMPLETED');
    await facts.getByText('Fork of').waitFor();
    await facts.getByRole('region', { name: 'Output' }).getByText('30').waitFor();
  });
});

test('checkpoints are listed, and a fork begins at one', async () => {
  const execution = await start(failing, { ok: false });
  await within(`/${execution}?tab=checkpoints`, { size: sizes.phone }, async (page) => {
    await stateIs(page, 'FAILED');
    await page.getByRole('table', { name: 'Checkpoints' }).getByText('load').waitFor();
    assert.equal(await sticksOut(page), false);
    assert.deepEqual(await findings(page), []);
    await picture(page, 'control-checkpoints-phone');
    await page.getByRole('button', { name: /^Fork from checkpoint/ }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('checkbox').check();
    await dialog.getByLabel('Input of the execution as JSON').fill('{"ok": true}');
    await button(dialog, 'Start the fork').click();
    await stateIs(page, 'COMPLETED');
  });
});

test('a migration is previewed over all that are under way, then made', async () => {
  const name = await publish(waiting('pay'));
  const { results } = await call(`/v1/${name}:batchStart`, {
    requests: Array.from({ length: 3 }, (_, n) => ({ input: { order: `o-${n}` } })),
  });
  const old = (await call(`/v1/${results[0].execution.name}`)).version;
  await publish(waiting('collect'));
  await within(`/${name}?tab=migrations`, {}, async (page) => {
    await button(page, 'Migrate…').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('From version').selectOption(String(old));
    await dialog.getByLabel('To version').selectOption({ index: 0 });
    const moved = dialog.getByLabel('What becomes of pay');
    assert.equal(await moved.inputValue(), 'collect', 'the only new node of its type is proposed');
    await moved.selectOption('');
    await button(dialog, 'Preview').click();
    await dialog.getByText('MIGRATION_LOSES_STEP').waitFor();
    assert.equal(await button(dialog, 'Move 0 executions').isDisabled(), true);
    await picture(page, 'control-migrate-refused');

    await moved.selectOption('collect');
    await button(dialog, 'Preview').click();
    await button(dialog, 'Move 3 executions').waitFor();
    assert.deepEqual(await findings(page), []);
    await picture(page, 'control-migrate-preview');
    assert.equal((await call(`/v1/${results[0].execution.name}`)).version, old);
    await button(dialog, 'Move 3 executions').click();
    await dialog.getByRole('heading', { name: 'Done' }).waitFor();
    await button(dialog, 'Close').last().click();
    assert.equal((await call(`/v1/${results[0].execution.name}`)).version, old + 1);
    await page.getByRole('table', { name: 'Migrations' }).getByText('Migration', { exact: true }).first().waitFor();
    await picture(page, 'control-migrations');
  });
});

test('many are started from lines, each checked before', async () => {
  await publish(waiting('collect'));
  await within('/workflows/browser-migrate', { dark: false }, async (page) => {
    await button(page, 'Start many').click();
    const dialog = page.getByRole('dialog');
    const field = dialog.getByLabel('Inputs, one a line');
    await field.fill('{"order": "a"}\n{"order": 5}\n');
    await dialog.getByText('1 of 2 lines cannot be started').waitFor();
    assert.equal(await button(dialog, 'Start 2').isDisabled(), true);
    assert.deepEqual(await findings(page), []);
    await field.fill('{"order": "a"}\n{"order": "b"}\n');
    await button(dialog, 'Start 2').click();
    await dialog.getByText('executions have started').waitFor();
    await dialog.getByRole('link', { name: 'Show them' }).click();
    await page.getByRole('table', { name: 'Executions' }).locator('[data-state="WAITING"]').first().waitFor();
  });
});
