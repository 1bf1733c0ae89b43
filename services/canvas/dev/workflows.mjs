// The workflows the mock tenant has. Node options under `x-sim` only steer the simulation.
const text = { type: 'string' };

export const reviewBoard = {
  apiVersion: 'agentflow/v1',
  kind: 'Workflow',
  metadata: { name: 'review-board', title: 'Review board', labels: { team: 'docs' } },
  inputs: {
    type: 'object',
    required: ['text'],
    additionalProperties: false,
    properties: {
      text: {
        type: 'string',
        title: 'Text',
        description: 'The text or Markdown to review.',
        minLength: 1,
        maxLength: 200000,
        'x-multiline': true,
      },
      sentences: {
        type: 'integer',
        title: 'Sentences in the summary',
        minimum: 1,
        maximum: 20,
        default: 5,
      },
      audience: {
        title: 'Audience',
        enum: ['general', 'engineers', 'executives'],
        default: 'general',
      },
    },
  },
  outputs: { report: '=nodes.write.output' },
  nodes: {
    summarize: {
      type: 'ai.agent@1',
      title: 'Summarise',
      with: { agent: 'summarizer', input: '={text: inputs.text, sentences: inputs.sentences}' },
      policy: { timeout: '60s', retry: { maxAttempts: 3, backoff: 'exponential' } },
      'x-sim': { ms: 2200 },
    },
    readability: {
      type: 'ai.agent@1',
      title: 'Readability critic',
      with: { agent: 'readability-critic', input: '={text: inputs.text}' },
      policy: { timeout: '60s', retry: { maxAttempts: 3 } },
      'x-sim': { ms: 1700, failFirst: 1 },
    },
    consistency: {
      type: 'ai.agent@1',
      title: 'Consistency critic',
      with: { agent: 'consistency-critic', input: '={text: inputs.text}' },
      'x-sim': { ms: 2600 },
    },
    vote: {
      type: 'data.transform@1',
      title: 'Count the votes',
      with: { value: "=nodes.readability.output.verdict == 'pass' ? 1 : 0" },
      'x-sim': { ms: 120 },
    },
    decide: {
      type: 'flow.switch@1',
      title: 'Pass or revise',
      with: {
        cases: [{ port: 'pass', when: 'nodes.vote.output.score >= 2' }],
        default: 'revise',
      },
      'x-sim': { ms: 60 },
    },
    revise: {
      type: 'ai.agent@1',
      title: 'List revisions',
      with: { agent: 'editor', input: '=nodes.vote.output' },
      'x-sim': { ms: 1500 },
    },
    write: {
      type: 'ai.agent@1',
      title: 'Write the report',
      join: 'any',
      with: { agent: 'report-writer', input: '=nodes.vote.output' },
      'x-sim': { ms: 1800 },
    },
  },
  edges: [
    'start -> summarize',
    'start -> readability',
    'start -> consistency',
    'summarize -> vote',
    'readability -> vote',
    'consistency -> vote',
    'vote -> decide',
    'decide.pass -> write',
    'decide.revise -> revise',
    'revise -> write',
  ],
};

export const refundTriage = {
  apiVersion: 'agentflow/v1',
  kind: 'Workflow',
  metadata: { name: 'refund-triage', title: 'Refund triage', labels: { team: 'support' } },
  inputs: {
    type: 'object',
    required: ['ticket', 'amount'],
    properties: {
      ticket: { type: 'string', description: 'What the customer wrote.', maxLength: 5000 },
      amount: { type: 'number', minimum: 0, description: 'In the currency of the order.' },
      express: { type: 'boolean', title: 'Express handling' },
      customer: {
        type: 'object',
        required: ['email'],
        properties: {
          email: { type: 'string', format: 'email' },
          since: { type: 'string', format: 'date' },
          tier: { enum: ['bronze', 'silver', 'gold'] },
        },
      },
      orders: { type: 'array', items: { type: 'string', pattern: '^[A-Z]{2}-[0-9]+$' } },
      metadata: { type: 'object' },
    },
  },
  nodes: {
    classify: {
      type: 'ai.agent@1',
      with: { agent: 'triage', input: '=inputs.ticket' },
      'x-sim': { ms: 1400 },
    },
    route: {
      type: 'flow.switch@1',
      with: {
        cases: [{ port: 'refund', when: "nodes.classify.output.label == 'refund'" }],
        default: 'other',
      },
      'x-sim': { ms: 80 },
    },
    jury: {
      type: 'ai.vote@1',
      with: { voters: ['risk', 'policy', 'empathy'], rule: 'majority', onTie: 'human' },
      'x-sim': { ms: 2600 },
    },
    pay: {
      type: 'action.http@1',
      with: { method: 'POST', url: "=connections.crm.url + '/refunds'" },
      policy: {
        approval: {
          when: 'nodes.jury.output.amount > 50.0',
          by: 'role:support-lead',
          timeout: '4h',
        },
        idempotencyKey: "execution.id + ':pay'",
        compensate: 'undo_pay',
      },
      'x-sim': { ms: 1900, waitMs: 2600 },
    },
    undo_pay: {
      type: 'action.http@1',
      title: 'Undo payment',
      with: { method: 'DELETE', url: "=connections.crm.url + '/refunds/' + step.output.id" },
    },
    reply: {
      type: 'ai.agent@1',
      join: 'any',
      with: { agent: 'writer', input: '=nodes.classify.output' },
      'x-sim': { ms: 1600 },
    },
  },
  edges: [
    'start -> classify',
    'classify -> route',
    'route.refund -> jury',
    'jury -> pay',
    'pay -> reply',
    'pay.error -> reply',
    'route.other -> reply',
  ],
};

export const nightlyImport = {
  apiVersion: 'agentflow/v1',
  kind: 'Workflow',
  metadata: { name: 'nightly-import', title: 'Nightly price import', labels: { team: 'data' } },
  inputs: {
    type: 'object',
    required: ['sources'],
    properties: {
      sources: { type: 'integer', minimum: 1, maximum: 40, default: 12 },
      dryRun: { type: 'boolean', default: false },
    },
  },
  nodes: {
    list: {
      type: 'action.http@1',
      title: 'List sources',
      with: { method: 'GET', url: 'https://catalog.example/sources' },
      'x-sim': { ms: 900 },
    },
    each: {
      type: 'flow.map@1',
      title: 'Each source',
      with: { items: '=nodes.list.output.items', parallel: 4 },
      'x-sim': { items: 12 },
      nodes: {
        fetch: {
          type: 'action.http@1',
          with: { method: 'GET', url: '=item.url' },
          policy: { retry: { maxAttempts: 5 } },
          'x-sim': { ms: 900 },
        },
        parse: {
          type: 'data.transform@1',
          with: { value: '=nodes.fetch.output.rows' },
          'x-sim': { ms: 150 },
        },
        check: {
          type: 'ai.agent@1',
          title: 'Check outliers',
          with: { agent: 'outlier-critic' },
          'x-sim': { ms: 1100 },
        },
      },
      edges: ['start -> fetch', 'fetch -> parse', 'parse -> check'],
    },
    store: {
      type: 'action.sql@1',
      with: { query: 'insert into price select * from unnest($1)' },
      'x-sim': { ms: 1300 },
    },
    notify: {
      type: 'action.http@1',
      with: { method: 'POST', url: 'https://chat.example/hook' },
      'x-sim': { ms: 400, fail: 'CONNECTION_REFUSED' },
    },
  },
  edges: ['start -> list', 'list -> each', 'each -> store', 'store -> notify'],
};

/** A graph with many nodes, to see whether it stays readable. */
export function mesh(layers, width) {
  const types = ['ai.agent@1', 'action.http@1', 'data.transform@1', 'flow.if@1', 'flow.wait@1'];
  const nodes = {};
  const edges = [];
  for (let layer = 0; layer < layers; layer += 1) {
    for (let row = 0; row < width; row += 1) {
      const id = `n${layer}_${row}`;
      nodes[id] = {
        type: types[(layer * 3 + row) % types.length],
        title: `Stage ${layer + 1}.${row + 1}`,
        with: { agent: `worker-${row}` },
        'x-sim': { ms: 500 + ((layer * 7 + row * 13) % 9) * 220 },
      };
      if (layer === 0) edges.push(`start -> ${id}`);
      else {
        edges.push(`n${layer - 1}_${row} -> ${id}`);
        if ((layer + row) % 3 === 0) edges.push(`n${layer - 1}_${(row + 1) % width} -> ${id}`);
      }
    }
  }
  return {
    apiVersion: 'agentflow/v1',
    kind: 'Workflow',
    metadata: { name: 'signal-mesh', title: 'Signal mesh', labels: { team: 'research' } },
    inputs: { type: 'object', properties: {} },
    nodes,
    edges,
  };
}

const subjects = [
  'invoice',
  'contract',
  'lead',
  'incident',
  'candidate',
  'release',
  'survey',
  'backlog',
  'policy',
  'asset',
];
const verbs = ['triage', 'digest', 'check', 'sync'];

export function workflows() {
  const documents = [reviewBoard, refundTriage, nightlyImport, mesh(15, 8)];
  for (const subject of subjects) {
    for (const verb of verbs) {
      documents.push({
        apiVersion: 'agentflow/v1',
        kind: 'Workflow',
        metadata: {
          name: `${subject}-${verb}`,
          title: `${subject[0].toUpperCase()}${subject.slice(1)} ${verb}`,
          labels: { team: verb },
        },
        inputs: { type: 'object', properties: { note: text } },
        nodes: {
          read: {
            type: 'action.http@1',
            with: { method: 'GET', url: `https://example.org/${subject}` },
            'x-sim': { ms: 700 },
          },
          judge: { type: 'ai.agent@1', with: { agent: `${subject}-judge` }, 'x-sim': { ms: 1500 } },
          file: {
            type: 'action.http@1',
            with: { method: 'POST', url: `https://example.org/${verb}` },
            'x-sim': { ms: 500 },
          },
        },
        edges: ['start -> read', 'read -> judge', 'judge -> file'],
      });
    }
  }
  return documents;
}
