// Runs of workflows, simulated: joins, ports, retries, maps, waits and failures take their time
// and leave steps, a journal and a feed behind, in the shapes of the public API.
import { randomUUID } from 'node:crypto';

const over = new Set(['COMPLETED', 'FAILED', 'SKIPPED', 'CANCELED', 'COMPENSATED']);
const now = () => new Date().toISOString();

/** What changed, in order; positions are its index. Keeps the last `limit` entries. */
export class Feed {
  #entries = [];
  #first = 0;
  #listeners = new Set();
  constructor(limit = 50_000) {
    this.limit = limit;
  }
  get position() {
    return this.#first + this.#entries.length;
  }
  get oldest() {
    return this.#first;
  }
  append(execution, change) {
    this.#entries.push({ execution, change });
    if (this.#entries.length > this.limit) {
      this.#entries.shift();
      this.#first += 1;
    }
    for (const listener of this.#listeners) listener(this.position, execution, change);
  }
  after(position) {
    return this.#entries
      .slice(Math.max(0, position - this.#first))
      .map((entry, index) => ({ ...entry, position: Math.max(position, this.#first) + index + 1 }));
  }
  forget() {
    this.#first = this.position + 1;
    this.#entries = [];
  }
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export class Run {
  constructor({ document, workflow, version, input, creator, labels, priority, feed, speed }) {
    const id = randomUUID();
    this.feed = feed;
    this.speed = speed;
    this.document = document;
    this.execution = {
      name: `executions/${id}`,
      workflow,
      version,
      mode: 'LIVE',
      state: 'QUEUED',
      input,
      startTime: now(),
      labels: labels ?? {},
      priority: priority ?? 3,
      creator,
      traceId: randomUUID().replaceAll('-', ''),
    };
    this.steps = [];
    this.events = [];
    this.timers = new Set();
    this.held = [];
    this.approvals = [];
    this.log('ExecutionStarted', undefined, { version }, creator);
    this.publishExecution();
    this.later(150, () => {
      this.execution.state = 'RUNNING';
      this.publishExecution();
      this.enter(document, '', '', () => this.finish('COMPLETED'));
    });
  }

  later(ms, work) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (this.execution.state === 'PAUSED') this.held.push(work);
      else work();
    }, ms / this.speed);
    this.timers.add(timer);
  }

  pause(cause) {
    this.execution.state = 'PAUSED';
    this.log('ExecutionPaused', undefined, { cause });
    this.publishExecution();
    return this.execution;
  }

  resume() {
    const waits = this.steps.some((step) => step.state === 'WAITING');
    this.execution.state = waits ? 'WAITING' : 'RUNNING';
    this.log('ExecutionResumed');
    this.publishExecution();
    for (const work of this.held.splice(0)) this.later(0, work);
    return this.execution;
  }

  ask(step, node, goOn) {
    const approval = {
      name: `approvals/${randomUUID()}`,
      state: 'OPEN',
      title: node.title,
      approvers: ['role:support-lead'],
      execution: this.execution.name,
      step: step.node,
      workflow: this.execution.workflow,
      createTime: now(),
      mine: true,
    };
    this.approvals.push({ approval, goOn });
    this.setStep(step, 'WAITING', { wait: { kind: 'APPROVAL', approval: approval.name } });
    return approval;
  }

  decided(approval) {
    this.approvals.find((one) => one.approval === approval)?.goOn();
  }

  log(type, step, detail, principal) {
    this.events.push({
      sequence: String(this.events.length + 1),
      time: now(),
      type,
      ...(step && { node: step.node, iteration: step.iteration, attempt: step.attempt }),
      ...(detail && { detail }),
      ...(principal && { principal }),
    });
  }

  publishExecution() {
    const { input, ...rest } = this.execution;
    this.feed.append(this.execution.name, { execution: rest });
  }

  publishStep(step) {
    const { input, output, ...rest } = step;
    this.feed.append(this.execution.name, { step: { ...rest } });
  }

  /** Runs one scope: the document itself, or one iteration of a container. */
  enter(scope, prefix, iteration, done) {
    const edges = scope.edges.map((line) => {
      const [from, to] = line.split('->').map((part) => part.trim());
      const [source, port = ''] = from.split('.');
      return { source, port, target: to, state: 'open' };
    });
    const steps = new Map();
    let finished = false;
    const compensations = new Set(
      Object.values(scope.nodes)
        .map((node) => node.policy?.compensate)
        .filter(Boolean),
    );
    const settle = (key, port, taken) => {
      for (const edge of edges) {
        if (edge.source !== key || edge.state !== 'open') continue;
        edge.state =
          taken && (edge.port === '' ? port !== 'error' : edge.port === port) ? 'taken' : 'dead';
      }
      advance();
    };
    const advance = () => {
      if (this.ended) return;
      for (const [key, node] of Object.entries(scope.nodes)) {
        if (steps.has(key) || compensations.has(key)) continue;
        const entering = edges.filter((edge) => edge.target === key);
        const open = entering.some((edge) => edge.state === 'open');
        const taken = entering.some((edge) => edge.state === 'taken');
        if (taken && (!open || node.join === 'any')) {
          const step = this.addStep(prefix + key, iteration, node);
          steps.set(key, step);
          this.runStep(step, node, prefix + key, (port) => settle(key, port, true));
        } else if (!open && !taken) {
          const step = this.addStep(prefix + key, iteration, node);
          steps.set(key, step);
          this.setStep(step, 'SKIPPED', { endTime: now() });
          this.log('StepSkipped', step);
          settle(key, '', false);
        }
      }
      if (!this.ended && [...steps.values()].every((step) => over.has(step.state))) {
        const needed = Object.keys(scope.nodes).length - compensations.size;
        if (steps.size === needed && !finished) {
          finished = true;
          done();
        }
      }
    };
    settle('start', '', true);
  }

  addStep(node, iteration, definition) {
    const step = {
      name: `${this.execution.name}/steps/${node}${iteration ? `.${iteration}` : ''}`,
      node,
      iteration,
      type: definition.type,
      state: 'PENDING',
      attempt: 0,
      failures: [],
    };
    this.steps.push(step);
    return step;
  }

  setStep(step, state, more = {}) {
    Object.assign(step, { state, ...more });
    this.publishStep(step);
  }

  runStep(step, node, path, done) {
    const sim = node['x-sim'] ?? {};
    if (node.nodes) {
      this.runMap(step, node, path, done);
      return;
    }
    const attempt = (step.attempt ?? 0) + 1;
    this.setStep(step, 'READY', { input: inputOf(node, this.execution.input, step) });
    this.log('StepScheduled', step);
    this.later(120, () => {
      this.setStep(step, 'RUNNING', { attempt, startTime: step.startTime ?? now() });
      this.log('StepStarted', step, { endpoint: 'worker-1' });
      const jitter = 0.7 + Math.random() * 0.6;
      this.later((sim.ms ?? 600) * jitter, () => {
        if (attempt <= (sim.failFirst ?? 0)) {
          const error = {
            reason: 'WORKER_LOST',
            message: 'The worker went away while it held the task.',
            node: step.node,
          };
          step.failures.push({ attempt, error, time: now() });
          this.log('AttemptFailed', step, { reason: error.reason });
          this.setStep(step, 'READY');
          this.later(500, () => this.runStep(step, node, path, done));
          return;
        }
        if (sim.fail) {
          const error = {
            reason: sim.fail,
            message:
              'The other side refused the connection (127.0.0.1:9). Check that it is up, then retry.',
            node: step.node,
          };
          this.setStep(step, 'FAILED', { error, endTime: now() });
          this.log('StepFailed', step, { reason: error.reason });
          this.finish('FAILED', error);
          return;
        }
        const complete = () => {
          const output = outputOf(node, step, this);
          this.setStep(step, 'COMPLETED', { output, endTime: now() });
          this.log('StepCompleted', step);
          done(typeof output === 'string' ? output : '');
        };
        if (!sim.waitMs) {
          complete();
          return;
        }
        // Whoever decides first: somebody in the canvas, or Grace, who is never away for long.
        const approval = this.ask(step, node, () => {
          this.log('ApprovalGranted', step, { principal: approval.decider });
          this.execution.state = 'RUNNING';
          this.publishExecution();
          delete step.wait;
          complete();
        });
        this.log('ApprovalRequested', step, { by: 'role:support-lead' });
        this.execution.state = 'WAITING';
        this.publishExecution();
        this.later(sim.waitMs, () => {
          if (approval.state !== 'OPEN') return;
          Object.assign(approval, { state: 'APPROVED', decider: 'users/grace', endTime: now() });
          this.decided(approval);
        });
      });
    });
  }

  runMap(step, node, path, done) {
    const items = Number(this.execution.input?.sources ?? node['x-sim']?.items ?? 4);
    this.setStep(step, 'RUNNING', { attempt: 1, startTime: now(), input: { items } });
    this.log('ContainerStarted', step, { items });
    let next = 0;
    let finished = 0;
    const take = () => {
      if (next >= items || this.ended) return;
      const iteration = String(next++);
      this.enter(node, `${path}.`, iteration, () => {
        finished += 1;
        if (finished === items) {
          this.setStep(step, 'COMPLETED', { output: { items: finished }, endTime: now() });
          this.log('ContainerCompleted', step);
          done('');
        } else take();
      });
    };
    for (let slot = 0; slot < 4; slot += 1) take();
  }

  finish(state, error) {
    if (this.ended) return;
    this.ended = true;
    for (const { approval } of this.approvals) {
      if (approval.state === 'OPEN') Object.assign(approval, { state: 'CLOSED', endTime: now() });
    }
    for (const timer of this.timers) clearTimeout(timer);
    for (const step of this.steps) {
      if (!over.has(step.state)) this.setStep(step, 'CANCELED', { endTime: now() });
    }
    Object.assign(this.execution, { state, endTime: now(), ...(error && { error }) });
    if (state === 'COMPLETED') this.execution.output = executionOutput(this);
    this.log(
      `Execution${state[0]}${state.slice(1).toLowerCase()}`,
      undefined,
      error && { reason: error.reason },
    );
    this.publishExecution();
  }
}

function inputOf(node, input, step) {
  if (node.type.startsWith('action.http'))
    return {
      method: node.with.method,
      url: node.with.url,
      headers: { accept: 'application/json' },
    };
  if (step.iteration)
    return {
      item: {
        url: `https://shop-${step.iteration}.example/prices.csv`,
        index: Number(step.iteration),
      },
    };
  return { agent: node.with?.agent, input };
}

function outputOf(node, step, run) {
  const words = String(run.execution.input?.text ?? '')
    .split(/\s+/)
    .filter(Boolean);
  switch (`${node.type}:${step.node}`) {
    case 'flow.switch@1:decide':
      return words.length % 2 === 0 ? 'pass' : 'revise';
    case 'flow.switch@1:route':
      return 'refund';
    case 'data.transform@1:vote':
      return {
        score: words.length % 2 === 0 ? 3 : 1,
        votes: {
          summarize: 'pass',
          readability: 'pass',
          consistency: words.length % 2 === 0 ? 'pass' : 'revise',
        },
      };
    case 'ai.agent@1:readability':
      return {
        verdict: 'pass',
        score: 62.4,
        grade: 'B2',
        sentences: 41,
        longest: { line: 14, words: 47 },
        findings: [
          { line: 14, severity: 'warning', message: 'A sentence of 47 words.' },
          { line: 30, severity: 'info', message: 'Passive voice.' },
        ],
      };
    case 'ai.agent@1:write':
      return report(words, run);
  }
  if (node.type === 'flow.if@1') return 'true';
  if (node.type.startsWith('action.http'))
    return { status: 200, id: `re_${step.node}`, body: { ok: true, rows: 128 } };
  return {
    verdict: 'pass',
    summary: words.slice(0, 24).join(' '),
    tokens: { input: 812, output: 164 },
  };
}

function executionOutput(run) {
  const write = run.steps.find((step) => step.node === 'write' && step.state === 'COMPLETED');
  return write ? { report: write.output, passed: true } : { ok: true };
}

function report(words, run) {
  return `# Review of a text of ${words.length} words

**Verdict: ${words.length % 2 === 0 ? 'pass' : 'revise'}** for the audience *${run.execution.input?.audience ?? 'general'}*.

## Summary

${words.slice(0, 40).join(' ') || 'The text is empty.'}

## Findings

| line | critic | finding |
|-----:|--------|---------|
| 14 | readability | A sentence of 47 words. |
| 30 | readability | Passive voice. |
| 52 | consistency | "lane" is used before it is explained. |

1. Split the sentence in line 14.
2. Explain \`lane\` where it first appears.
`;
}
