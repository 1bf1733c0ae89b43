// What the mock tenant holds: workflows, past executions, agents, figures.
import { Feed, Run } from './simulator.mjs';
import { workflows } from './workflows.mjs';

const clean = (document) =>
  JSON.parse(JSON.stringify(document, (key, value) => (key === 'x-sim' ? undefined : value)));

export class Tenant {
  feed = new Feed();
  runs = new Map();
  history = [];
  #migrations = new Map();
  constructor(speed) {
    this.speed = speed;
    this.workflows = workflows().map((document, index) => ({
      document,
      resource: {
        name: `workflows/${document.metadata.name}`,
        title: document.metadata.title,
        document: clean(document),
        source: '# exported by the designer\n',
        etag: `"${index}"`,
        labels: document.metadata.labels,
        latestVersion: index === 7 ? 0 : 1 + (index % 4),
        createTime: ago(86400_000 * (40 - (index % 30))),
        updateTime: ago(3600_000 * (index + 1)),
        draftChanged: index % 5 === 1,
      },
    }));
    this.#makeHistory(640);
  }

  workflow(id) {
    return this.workflows.find(({ resource }) => resource.name === `workflows/${id}`);
  }

  start(entry, body, principal) {
    const run = new Run({
      document: entry.document,
      workflow: entry.resource.name,
      version: body.version || entry.resource.latestVersion,
      input: body.input ?? {},
      labels: body.labels,
      priority: body.priority,
      creator: principal,
      feed: this.feed,
      speed: this.speed,
    });
    this.runs.set(run.execution.name, run);
    return run.execution;
  }

  /** Newest first. */
  approvals() {
    return [...this.runs.values()]
      .flatMap((run) => run.approvals.map(({ approval }) => approval))
      .reverse();
  }

  /** Newest first; add to it to make one. */
  migrations(workflow) {
    const made = this.#migrations.get(workflow) ?? [];
    this.#migrations.set(workflow, made);
    return made;
  }

  /** Newest first. */
  executions() {
    const live = [...this.runs.values()].map((run) => run.execution).reverse();
    return [...live, ...this.history];
  }

  find(name) {
    const run = this.runs.get(name);
    if (run) return run;
    const execution = this.history.find((one) => one.name === name);
    return execution && { execution, steps: stepsOf(execution, this), events: [] };
  }

  stats() {
    const rows = new Map();
    for (const execution of this.executions()) {
      let row = rows.get(execution.workflow);
      if (!row) {
        row = {
          workflow: execution.workflow,
          executionsByState: {},
          stepsByState: {},
          durationMean: '3.91s',
          durationP50: '3.2s',
          durationP95: '9.7s',
          durationP99: '14.25s',
          lastStartTime: execution.startTime,
        };
        rows.set(execution.workflow, row);
      }
      row.executionsByState[execution.state] = String(
        Number(row.executionsByState[execution.state] ?? 0) + 1,
      );
    }
    return [...rows.values()];
  }

  agents() {
    const endpoint = (id, held, capacity) => ({
      id,
      capacity,
      held,
      connectTime: ago(5400_000),
      lastHeartbeatTime: ago(1200),
      client: 'agentflow-python/0.1.0',
    });
    const schema = { type: 'object', required: ['text'], properties: { text: { type: 'string' } } };
    const names = [
      [
        'summarizer',
        'Extractive summariser',
        'Picks the sentences that carry the most weight.',
        [endpoint('wrk-a1:4182', 3, 8), endpoint('wrk-a2:911', 8, 8)],
      ],
      [
        'readability-critic',
        'Readability critic',
        'Scores sentences, words and structure.',
        [endpoint('wrk-a1:4182', 1, 8)],
      ],
      [
        'consistency-critic',
        'Consistency critic',
        'Broken links, duplicate headings, unexplained terms.',
        [endpoint('wrk-a1:4182', 0, 4)],
      ],
      [
        'report-writer',
        'Report writer',
        'Composes a Markdown report.',
        [endpoint('wrk-b1:77', 0, 16)],
      ],
      ['triage', '', '', []],
    ];
    return names.map(([id, title, description, endpoints], index) => ({
      name: `agents/${id}`,
      title,
      description,
      endpoints,
      inputSchema: schema,
      outputSchema: { type: 'object' },
      latestVersion: 1 + index,
      createTime: ago(8e8),
      updateTime: ago(4e7 * (index + 1)),
    }));
  }

  #makeHistory(count) {
    const states = [
      'COMPLETED',
      'COMPLETED',
      'COMPLETED',
      'COMPLETED',
      'FAILED',
      'COMPLETED',
      'CANCELED',
      'COMPLETED',
      'TIMED_OUT',
      'COMPLETED',
    ];
    for (let index = 0; index < count; index += 1) {
      const { resource } =
        this.workflows[(index * index + 3 * index) % Math.min(14, this.workflows.length)];
      const state = states[(index * 7) % states.length];
      const startMs = Date.now() - 240_000 - index * 311_000;
      this.history.push({
        name: `executions/${hex(index)}`,
        workflow: resource.name,
        version: Math.max(1, resource.latestVersion),
        mode: 'LIVE',
        state,
        startTime: new Date(startMs).toISOString(),
        endTime: new Date(startMs + 900 + ((index * 7919) % 47_000)).toISOString(),
        creator: index % 3 ? 'users/ada' : 'apiKeys/nightly',
        labels: index % 4 ? {} : { region: 'eu' },
        priority: 3,
        input: { text: 'An earlier text.' },
        ...(state === 'COMPLETED' && { output: { ok: true } }),
        ...(state === 'FAILED' && {
          error: {
            reason: 'AGENT_FAILED',
            message: 'The agent answered with an error: quota exceeded.',
            node: 'judge',
          },
        }),
      });
    }
  }
}

const ago = (ms) => new Date(Date.now() - ms).toISOString();
const hex = (index) => {
  const digits = (((index + 1) * 2654435761) % 4294967296).toString(16).padStart(8, '0');
  return `${digits}-5b1e-4c77-9d20-${String(index).padStart(12, '0')}`;
};

function stepsOf(execution, tenant) {
  const entry = tenant.workflows.find(({ resource }) => resource.name === execution.workflow);
  const keys = Object.keys(entry.document.nodes);
  const startMs = Date.parse(execution.startTime);
  const slice = (Date.parse(execution.endTime) - startMs) / keys.length;
  const failed = execution.state !== 'COMPLETED';
  return keys.map((key, index) => {
    const last = index === keys.length - 1;
    return {
      name: `${execution.name}/steps/${key}`,
      node: key,
      iteration: '',
      attempt: 1,
      type: entry.document.nodes[key].type,
      state: failed && last ? (execution.state === 'FAILED' ? 'FAILED' : 'CANCELED') : 'COMPLETED',
      startTime: new Date(startMs + index * slice).toISOString(),
      endTime: new Date(startMs + (index + 1) * slice).toISOString(),
      input: { index },
      output: failed && last ? undefined : { ok: true },
      ...(failed && last && execution.error && { error: execution.error }),
    };
  });
}
