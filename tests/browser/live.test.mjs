// A run that takes seconds, on the real stack: states change on the graph while it goes on, over a
// connection that breaks in the middle, inside a container, up to a failure with its reason.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, openApi, openPage, picture, signIn } from './browser.mjs';

const url = process.env.AGENTFLOW_URL;
const account = { email: process.env.AGENTFLOW_EMAIL, password: process.env.AGENTFLOW_PASSWORD };

const source = `
apiVersion: agentflow/v1
kind: Workflow
metadata: {name: browser-live, title: Live in the browser}
inputs: {type: object, properties: {note: {type: string}}}
nodes:
  first: {type: flow.wait@1, title: First wait, with: {duration: 2s}}
  left: {type: flow.wait@1, title: Left, with: {duration: 1s}}
  right: {type: flow.wait@1, title: Right, with: {duration: 2s}}
  each:
    type: flow.map@1
    title: Each of three
    with: {items: "=[1, 2, 3]", output: "=nodes.double.output"}
    nodes:
      pause: {type: flow.wait@1, with: {duration: 1s}}
      double: {type: data.transform@1, with: {value: "=item * 2"}}
    edges: [start -> pause, pause -> double]
  judge: {type: flow.if@1, title: Enough, with: {when: "size(nodes.each.output) > 2"}}
  refuse: {type: flow.fail@1, title: Refuse, with: {reason: TOO_MANY, message: "Three are too many."}}
  accept: {type: data.transform@1, title: Accept, with: {value: "=true"}}
edges:
  - start -> first
  - first -> left
  - first -> right
  - left -> each
  - right -> each
  - each -> judge
  - judge.true -> refuse
  - judge.false -> accept
`;

let browser;
before(async () => {
  const call = await openApi(url, account);
  await call('/v1/workflows:import', { source, replace: true });
  await call('/v1/workflows/browser-live:publish', {});
  browser = await launch();
});
after(() => browser?.close());

test('steps change live over a connection that breaks, up to the failure and its reason', async () => {
  const { page, context } = await openPage(browser, { url });
  const connections = [];
  await page.routeWebSocket(/\/v1\/stream/, (socket) => {
    const server = socket.connectToServer();
    const connection = { socket, sent: [], received: [] };
    connections.push(connection);
    socket.onMessage((text) => {
      connection.sent.push(JSON.parse(text));
      server.send(text);
    });
    server.onMessage((text) => {
      connection.received.push(JSON.parse(text));
      socket.send(text);
    });
  });
  await signIn(page, account);
  await page.goto('/workflows/browser-live?start=true');
  await page.getByRole('dialog').getByRole('button', { name: 'Start', exact: true }).click();
  await page.waitForURL(/\/executions\//);
  const topic = new URL(page.url()).pathname.slice(1);

  const state = (node) => page.locator(`.react-flow__node[data-id="${node}"] [data-state]`).first();
  const becomes = (node, states) =>
    page.waitForFunction(
      ([id, wanted]) => {
        const card = document.querySelector(`.react-flow__node[data-id="${id}"] [data-state]`);
        return wanted.includes(card?.dataset.state);
      },
      [node, states],
      { timeout: 20_000 },
    );
  await becomes('first', ['WAITING', 'RUNNING']);
  await picture(page, 'live-1-first');
  await becomes('first', ['COMPLETED']);
  await becomes('left', ['WAITING', 'RUNNING', 'COMPLETED']);

  const subscribed = connections.at(-1);
  assert.ok(subscribed.received.some((frame) => frame.event?.step), 'steps came over the stream');
  await subscribed.socket.close({ code: 1012, reason: 'test' });

  await becomes('each', ['RUNNING', 'WAITING', 'COMPLETED']);
  await picture(page, 'live-2-container');
  await page.locator('h1 [data-state="FAILED"]').waitFor({ timeout: 30_000 });
  await becomes('refuse', ['FAILED']);
  await becomes('each.double', ['COMPLETED']);
  assert.equal(await state('each.double').textContent().then((text) => /3\/3/.test(text)), true);

  const again = connections.at(-1);
  assert.notEqual(again, subscribed, 'the client connected again');
  const resumed = again.sent.find((frame) => frame.subscribe?.topic === topic);
  assert.ok(resumed?.subscribe.position, 'and went on from its position');
  assert.ok(!again.received.some((frame) => frame.reset), 'which the server accepted');

  await page.locator('.react-flow__node[data-id="refuse"]').click();
  const step = page.getByRole('complementary', { name: 'Step' });
  await step.getByRole('alert').getByText('Three are too many.').waitFor();
  await picture(page, 'live-3-failed');
  await page.locator('.react-flow__node[data-id="each.double"]').click();
  await step.getByLabel('Iteration').selectOption({ index: 2 });
  await step.getByRole('region', { name: 'Output' }).getByText('6', { exact: true }).waitFor();
  await context.close();
});

test('cancelling stops a run on the real stack', async () => {
  const { page, context } = await openPage(browser, { url });
  await signIn(page, account);
  await page.goto('/workflows/browser-live?start=true');
  await page.getByRole('dialog').getByRole('button', { name: 'Start', exact: true }).click();
  await page.waitForURL(/\/executions\//);
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await page.getByRole('button', { name: 'Cancel the execution' }).click();
  await page.locator('h1 [data-state="CANCELED"]').waitFor();
  await page.locator('.react-flow__node[data-id="first"] [data-state="CANCELED"]').waitFor();
  await page.getByRole('button', { name: 'Cancel', exact: true }).waitFor({ state: 'detached' });
  await context.close();
});
