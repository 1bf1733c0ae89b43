import { describe, expect, it } from 'vitest';
import type { JsonObject } from '@/api/types';
import { readGraph } from '@/graph/document';
import { movedNodes, proposalFor } from './migrate-dialog';
import { runsWorkflow } from './node-panel';
import { readLines } from './start-many';

const graph = (nodes: JsonObject) => readGraph({ nodes, edges: [] });
const node = (type: string, inner?: JsonObject): JsonObject =>
  inner ? { type, nodes: inner, edges: [] } : { type };

describe('the workflow that a node runs', () => {
  it.each([
    ['custom.majority_vote@3', {}, { workflowId: 'majority-vote', version: '3' }],
    ['flow.workflow@1', { workflow: 'delivery' }, { workflowId: 'delivery', version: undefined }],
    ['flow.workflow@1', { workflow: 'delivery', version: 2 }, { workflowId: 'delivery', version: '2' }],
    ['flow.workflow@1', { workflow: '=inputs.which' }, undefined],
    ['ai.agent@1', { workflow: 'delivery' }, undefined],
  ] as const)('%s %o', (type, config, runs) => {
    expect(runsWorkflow({ type, config })).toEqual(runs);
  });
});

describe('nodes that a version lacks', () => {
  const from = graph({
    check: node('data.transform@1'),
    pay: node('flow.signal@1'),
    each: node('flow.map@1', { scan: node('ai.agent@1') }),
  });

  it('are those whose path is gone, inside containers too', () => {
    const to = graph({ check: node('data.transform@1'), scan: node('ai.agent@1') });
    expect(movedNodes(from, to)).toEqual(['pay', 'each', 'each.scan']);
    expect(movedNodes(from, from)).toEqual([]);
  });

  it('are proposed where the same key went, else the only new one of their type', () => {
    const moved = graph({
      check: node('data.transform@1'),
      billing: node('flow.transaction@1', { pay: node('flow.signal@1') }),
      scan: node('ai.agent@1'),
      other: node('ai.agent@1'),
    });
    expect(proposalFor('pay', from, moved)).toBe('billing.pay');
    expect(proposalFor('each.scan', from, moved)).toBe('scan');
    expect(proposalFor('each', from, moved)).toBe('');
    const renamed = graph({ check: node('data.transform@1'), collect: node('flow.signal@1') });
    expect(proposalFor('pay', from, renamed)).toBe('collect');
    const two = graph({ one: node('flow.signal@1'), two: node('flow.signal@1') });
    expect(proposalFor('pay', from, two)).toBe('');
  });
});

describe('lines of inputs', () => {
  const schema: JsonObject = {
    type: 'object',
    required: ['n'],
    properties: { n: { type: 'integer' } },
  };

  it('keep their numbers, and empty ones are left out', () => {
    expect(readLines('{"n": 1}\n\n{"n": 2}\r\n', schema)).toEqual([
      { number: 1, input: { n: 1 } },
      { number: 3, input: { n: 2 } },
    ]);
  });

  it.each(['{"n": "one"}', '{}', '[1]', 'not json', '{"n": 1'])('%s is a mistake', (line) => {
    const [only] = readLines(line, schema);
    expect(only?.problem).toBeTruthy();
    expect(only?.input).toBeUndefined();
  });
});
