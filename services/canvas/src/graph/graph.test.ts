import ELK from 'elkjs/lib/elk.bundled.js';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '@/api/types';
import type { NodeRun } from '@/run/node-run';
import { mesh, nightlyImport, refundTriage, reviewBoard } from '../../dev/workflows.mjs';
import { type Graph, type GraphNode, readGraph, titleOf } from './document';
import { roundedPath } from './edge-path';
import { edgeState } from './edge-state';
import { chooseDirection } from './layout/choose-direction';
import { elkLayout } from './layout/elk';
import { layeredLayout } from './layout/layered';
import type { Direction, Layout, LayoutNode } from './layout/types';
import { walk } from './walk';

const samples: [string, JsonObject][] = [
  ['review-board', reviewBoard as unknown as JsonObject],
  ['refund-triage', refundTriage as unknown as JsonObject],
  ['nightly-import', nightlyImport as unknown as JsonObject],
  ['120 nodes', mesh(15, 8) as unknown as JsonObject],
];
const sized = (graph: Graph): LayoutNode[] =>
  graph.nodes.map(({ id, parent }) => ({ id, parent, width: 228, height: 60 }));

describe('readGraph', () => {
  it('reads nodes, ports, joins and policies', () => {
    const graph = readGraph(refundTriage as unknown as JsonObject);
    const pay = graph.nodes.find((node) => node.id === 'pay');
    expect(pay).toMatchObject({
      type: 'action.http@1',
      title: 'Pay',
      policies: ['approval', 'compensate'],
    });
    expect(graph.nodes.find((node) => node.id === 'reply')?.policies).toEqual(['join']);
    expect(
      graph.edges.find((edge) => edge.source === 'route' && edge.target === 'jury')?.port,
    ).toBe('refund');
    expect(graph.edges.filter((edge) => edge.kind !== 'flow').map((edge) => edge.kind)).toEqual([
      'error',
      'compensate',
    ]);
    expect(graph.problems).toEqual([]);
  });

  it('gives children of containers their paths', () => {
    const graph = readGraph(nightlyImport as unknown as JsonObject);
    expect(graph.nodes.filter((node) => node.parent === 'each').map((node) => node.id)).toEqual([
      'each.start',
      'each.fetch',
      'each.parse',
      'each.check',
    ]);
    expect(graph.edges.map((edge) => `${edge.source}>${edge.target}`)).toContain(
      'each.start>each.fetch',
    );
  });

  it('draws the rest when an edge makes no sense, and says so', () => {
    const graph = readGraph({
      nodes: { a: { type: 'x@1' } },
      edges: ['start -> a', 'a -> nowhere', 'gibberish', 7],
    });
    expect(graph.edges).toHaveLength(1);
    expect(graph.problems).toHaveLength(3);
  });

  it('survives anything', () => {
    for (const document of [{}, { nodes: [] }, { nodes: { a: null } }, { edges: {} }]) {
      expect(readGraph(document as unknown as JsonObject).problems).toEqual([]);
    }
  });

  it('makes titles from ids', () => expect(titleOf('fetch_prices')).toBe('Fetch prices'));
});

function expectNoOverlap(graph: Graph, { boxes }: Layout) {
  const scopes = new Map<string | undefined, GraphNode[]>();
  for (const node of graph.nodes) {
    scopes.set(node.parent, [...(scopes.get(node.parent) ?? []), node]);
  }
  for (const members of scopes.values()) {
    for (const [index, one] of members.entries()) {
      for (const other of members.slice(index + 1)) {
        const [a, b] = [boxes.get(one.id)!, boxes.get(other.id)!];
        const apart =
          a.x + a.width <= b.x ||
          b.x + b.width <= a.x ||
          a.y + a.height <= b.y ||
          b.y + b.height <= a.y;
        expect(apart, `${one.id} and ${other.id}`).toBe(true);
      }
    }
  }
}

function expectFlow(graph: Graph, { boxes }: Layout, direction: Direction) {
  const axis = direction === 'RIGHT' ? 'x' : 'y';
  for (const edge of graph.edges) {
    expect(boxes.get(edge.source)![axis], edge.id).toBeLessThan(boxes.get(edge.target)![axis]);
  }
}

function expectInside(graph: Graph, { boxes }: Layout) {
  for (const node of graph.nodes) {
    const parent = node.parent && boxes.get(node.parent);
    if (!parent) continue;
    const box = boxes.get(node.id)!;
    expect(box.x).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width).toBeLessThanOrEqual(parent.width);
    expect(box.y + box.height).toBeLessThanOrEqual(parent.height);
  }
}

describe.each(samples)('layout of %s', (_, document) => {
  const graph = readGraph(document);

  it.each(['RIGHT', 'DOWN'] as const)('plain, %s: no overlap, flows one way', (direction) => {
    const layout = layeredLayout(sized(graph), graph.edges, direction);
    expectNoOverlap(graph, layout);
    expectFlow(graph, layout, direction);
    expectInside(graph, layout);
  });

  it.each(['RIGHT', 'DOWN'] as const)(
    'ELK, %s: no overlap, flows one way, routes every edge',
    async (direction) => {
      const layout = await elkLayout(new ELK(), sized(graph), graph.edges, direction);
      expectNoOverlap(graph, layout);
      expectFlow(graph, layout, direction);
      expectInside(graph, layout);
      expect(layout.routes.size).toBe(graph.edges.length);
    },
  );
});

describe('plain layout', () => {
  it('places every node of a graph with cycles', () => {
    const nodes = ['a', 'b', 'c'].map((id) => ({ id, parent: undefined, width: 10, height: 10 }));
    const edges = [
      ['a', 'b'],
      ['b', 'c'],
      ['c', 'a'],
      ['c', 'c'],
    ].map(([source, target]) => ({
      id: `${source}${target}`,
      source: source!,
      target: target!,
    }));
    expect(layeredLayout(nodes, edges, 'RIGHT').boxes.size).toBe(3);
  });
});

describe('chooseDirection', () => {
  const chain = (length: number) => {
    const nodes = Array.from({ length }, (_, index) => ({
      id: `n${index}`,
      parent: undefined,
      width: 228,
      height: 60,
    }));
    const edges = nodes
      .slice(1)
      .map((node, index) => ({ id: `e${index}`, source: `n${index}`, target: node.id }));
    return { nodes, edges };
  };
  it.each([
    [3, 1200, 700, 'RIGHT'],
    [9, 1200, 900, 'DOWN'],
    [4, 390, 700, 'DOWN'],
  ] as const)('a chain of %i in %ix%i goes %s', (length, width, height, expected) => {
    const { nodes, edges } = chain(length);
    expect(chooseDirection(nodes, edges, { width, height })).toBe(expected);
  });
});

describe('edgeState', () => {
  const run = (state: NodeRun['state'], port?: string) => ({ state, port }) as NodeRun;
  const edge = { port: '', kind: 'flow' as const };
  it.each([
    ['nothing has run', edge, undefined, undefined, 'idle'],
    ['source runs', edge, run('RUNNING'), undefined, 'idle'],
    ['source is done, target waits for others', edge, run('COMPLETED'), undefined, 'taken'],
    ['target runs', edge, run('COMPLETED'), run('RUNNING'), 'active'],
    ['both are done', edge, run('COMPLETED'), run('COMPLETED'), 'taken'],
    ['target was skipped', edge, run('COMPLETED'), run('SKIPPED'), 'dead'],
    [
      'another port was chosen',
      { port: 'no', kind: 'flow' as const },
      run('COMPLETED', 'yes'),
      run('COMPLETED'),
      'dead',
    ],
    [
      'this port was chosen',
      { port: 'yes', kind: 'flow' as const },
      run('COMPLETED', 'yes'),
      run('COMPLETED'),
      'taken',
    ],
    ['source was skipped', edge, run('SKIPPED'), run('COMPLETED'), 'dead'],
    ['source failed', edge, run('FAILED'), undefined, 'dead'],
    [
      'failed with an error edge',
      { port: 'error', kind: 'error' as const },
      run('FAILED'),
      run('RUNNING'),
      'active',
    ],
    [
      'no error',
      { port: 'error', kind: 'error' as const },
      run('COMPLETED'),
      run('COMPLETED'),
      'dead',
    ],
  ])('%s', (_, which, source, target, expected) => {
    expect(edgeState(which, source, target)).toBe(expected);
  });
});

describe('walk', () => {
  const graph = readGraph(reviewBoard as unknown as JsonObject);
  const { boxes } = layeredLayout(sized(graph), graph.edges, 'RIGHT');
  it('follows edges forth and back, and neighbours across', () => {
    expect(walk('vote', 'ArrowRight', boxes, graph.edges, 'RIGHT')).toBe('decide');
    expect(walk('decide', 'ArrowLeft', boxes, graph.edges, 'RIGHT')).toBe('vote');
    expect(walk('summarize', 'ArrowDown', boxes, graph.edges, 'RIGHT')).toBe('readability');
    expect(walk('write', 'ArrowRight', boxes, graph.edges, 'RIGHT')).toBeUndefined();
  });
});

describe('roundedPath', () => {
  it('rounds corners no further than half a side', () => {
    expect(
      roundedPath([
        { x: 0, y: 0 },
        { x: 10, y: 0 },
        { x: 10, y: 40 },
      ]),
    ).toBe('M 0 0 L 5 0 Q 10 0 10 5 L 10 40');
  });
});

describe('the entry of a scope', () => {
  it.each([
    ['flow.map@1', 'Each'],
    ['flow.pipeline@1', 'Each'],
    ['flow.critical@1', 'Begin'],
    ['flow.transaction@1', 'Begin'],
  ])('of %s says %s', (type, title) => {
    const graph = readGraph({ nodes: { box: { type, nodes: {}, edges: [] } }, edges: [] });
    expect(graph.nodes.find((node) => node.id === 'start')?.title).toBe('Start');
    expect(graph.nodes.find((node) => node.id === 'box.start')?.title).toBe(title);
  });
});
