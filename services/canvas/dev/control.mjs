// What people do to executions and approvals, in the shapes of the public API. Pausing holds the
// simulation's timers; a retry or fork is a new run; a migration only counts.
import { randomUUID } from 'node:crypto';

const now = () => new Date().toISOString();
const live = (run) => !run.execution.endTime;

/** Routes of the mock server: [method, pattern, handler]. */
export function controlRoutes({ tenant, need, workflowOf, runOf, paged, Refusal }) {
  const underWay = (match) => {
    const run = runOf(match[1]);
    if (!live(run)) throw new Refusal(400, 'EXECUTION_OVER', 'The execution is over.');
    return run;
  };
  const verb = (name, permission, act) => [
    'POST',
    new RegExp(`^/v1/executions/([^/:]+):${name}$`),
    (call) => {
      need(call.me, permission);
      return act(call);
    },
  ];
  const again = (kind) => ({ match, body, me }) => {
    const { execution } = runOf(match[1]);
    const entry = workflowOf(execution.workflow.split('/')[1]);
    const made = tenant.start(entry, { input: body.input ?? execution.input }, me.principal);
    made.origin = { kind, execution: execution.name, sequence: body.checkpoint ?? '1' };
    return made;
  };
  return [
    ['POST', /^\/v1\/expressions:check$/, () => ({ valid: true, type: 'dyn' })],
    [
      'POST',
      /^\/v1\/expressions:evaluate$/,
      ({ body }) => valueAt({ inputs: runOf(body.execution.split('/')[1]).execution.input }, body),
    ],
    verb('pause', 'executions.pause', ({ match, body }) => {
      const run = underWay(match);
      if (run.execution.state === 'PAUSED')
        throw new Refusal(400, 'EXECUTION_PAUSED', 'The execution is paused already.');
      return run.pause(body.cause);
    }),
    verb('resume', 'executions.resume', ({ match }) => underWay(match).resume()),
    verb('signal', 'executions.signal', ({ match, body }) => {
      const run = underWay(match);
      run.log('SignalReceived', undefined, { signal: body.signal });
      return run.execution;
    }),
    verb('retry', 'executions.retry', again('RETRY')),
    verb('fork', 'executions.fork', again('FORK')),
    [
      'GET',
      /^\/v1\/executions\/([^/]+)\/checkpoints$/,
      ({ match, query }) => paged(checkpointsOf(runOf(match[1])), query, 'checkpoints'),
    ],
    [
      'GET',
      /^\/v1\/approvals$/,
      ({ query }) => {
        const filter = query.get('filter') ?? '';
        const found = tenant.approvals().filter((one) => !filter.includes('OPEN') || one.state === 'OPEN');
        return paged(found, query, 'approvals');
      },
    ],
    ['GET', /^\/v1\/approvals\/([^/:]+)$/, ({ match }) => approvalOf(tenant, match[1], Refusal)],
    [
      'POST',
      /^\/v1\/approvals\/([^/:]+):(approve|reject)$/,
      ({ match, body, me }) => {
        need(me, 'approvals.decide');
        const approval = approvalOf(tenant, match[1], Refusal);
        if (approval.state !== 'OPEN')
          throw new Refusal(400, 'APPROVAL_DECIDED', `${approval.decider} has decided already.`);
        const state = match[2] === 'approve' ? 'APPROVED' : 'REJECTED';
        Object.assign(approval, { state, decider: me.principal, endTime: now(), comment: body.comment });
        tenant.find(approval.execution).decided(approval);
        return approval;
      },
    ],
    [
      'POST',
      /^\/v1\/workflows\/([^/:]+):batchStart$/,
      ({ match, body, me }) => {
        need(me, 'executions.start');
        const entry = workflowOf(match[1]);
        const start = (request) => ({ execution: tenant.start(entry, request, me.principal) });
        return { results: body.requests.map(start) };
      },
    ],
    [
      'GET',
      /^\/v1\/workflows\/([^/]+)\/migrations$/,
      ({ match, query }) => paged(tenant.migrations(`workflows/${match[1]}`), query, 'migrations'),
    ],
    [
      'GET',
      /^\/v1\/(workflows\/([^/]+)\/migrations\/[^/]+)$/,
      ({ match }) => tenant.migrations(`workflows/${match[2]}`).find((one) => one.name === match[1]),
    ],
    [
      'POST',
      /^\/v1\/workflows\/([^/]+)\/migrations$/,
      ({ match, body, me }) => {
        need(me, 'executions.migrate');
        const workflow = `workflows/${match[1]}`;
        const count = [...tenant.runs.values()].filter(
          (run) => live(run) && run.execution.workflow === workflow,
        ).length;
        const made = {
          ...body,
          name: `${workflow}/migrations/${randomUUID()}`,
          state: 'DONE',
          migratedCount: String(count),
          createTime: now(),
          endTime: now(),
          creator: me.principal,
        };
        tenant.migrations(workflow).unshift(made);
        return made;
      },
    ],
  ];
}

/** Paths are all of the language that the mock server knows: "inputs.text". */
function valueAt(variables, { expression }) {
  let value = variables;
  for (const key of expression.trim().split('.')) value = value?.[key];
  if (value !== undefined) return { value, type: typeof value };
  const message = 'The mock server evaluates paths below `inputs` only.';
  return { problems: [{ severity: 'ERROR', message, line: 1, column: 1, length: expression.length }] };
}

function approvalOf(tenant, id, Refusal) {
  const found = tenant.approvals().find((one) => one.name === `approvals/${id}`);
  if (!found) throw new Refusal(404, 'APPROVAL_NOT_FOUND', `There is no approval "${id}".`);
  return found;
}

const checkpointsOf = ({ events }) =>
  events
    .filter(({ type }) => type === 'ExecutionStarted' || type === 'StepCompleted')
    .map(({ sequence, time, type, node = '', iteration }) => ({
      sequence,
      time,
      what: type,
      step: iteration ? `${node}#${iteration}` : node,
    }));
