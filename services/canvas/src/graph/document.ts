import type { Json, JsonObject } from '@/api/types';

/** A workflow document as a graph: what is drawn, and nothing about how it looks. */
export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
  /** What could not be read; the rest is still drawn. */
  problems: string[];
}

export interface GraphNode {
  /** Path with containers: "outer.inner"; "start" and "outer.start" are the entries. */
  id: string;
  /** The last part of the path. */
  key: string;
  parent: string | undefined;
  kind: 'start' | 'node' | 'container';
  /** "ai.agent@1"; empty for starts. */
  type: string;
  title: string;
  /** One line about its configuration. */
  summary: string;
  policies: Policy[];
  config: Json;
  policy: Json;
  /** The whole entry of the document. */
  source: JsonObject;
}

export type Policy = 'approval' | 'retry' | 'timeout' | 'compensate' | 'join' | 'cache';

export interface GraphEdge {
  id: string;
  source: string;
  target: string;
  /** Out-port; empty: the default one. */
  port: string;
  kind: 'flow' | 'error' | 'compensate';
}

const edgePattern =
  /^\s*([a-z][a-z0-9_]*)(?:\.([a-z][a-z0-9_]*))?(?:\[[A-Z0-9_*,\s]*\])?\s*->\s*([a-z][a-z0-9_]*)(?:\.([a-z][a-z0-9_]*))?\s*$/i;

export function readGraph(document: JsonObject | undefined): Graph {
  const graph: Graph = { nodes: [], edges: [], problems: [] };
  if (document) readScope(graph, document, undefined);
  return graph;
}

/** Containers that run their nodes more than once. */
const repeating = /^flow\.(map|loop|pipeline)@/;

function readScope(graph: Graph, scope: JsonObject, parent: string | undefined): void {
  const prefix = parent ? `${parent}.` : '';
  const nodes = asObject(scope['nodes']);
  const edges = Array.isArray(scope['edges']) ? scope['edges'] : [];
  const known = new Set(Object.keys(nodes));
  graph.nodes.push({
    id: `${prefix}start`,
    key: 'start',
    parent,
    kind: 'start',
    type: '',
    title: !parent ? 'Start' : repeating.test(String(scope['type'])) ? 'Each' : 'Begin',
    summary: '',
    policies: [],
    config: null,
    policy: null,
    source: {},
  });
  known.add('start');
  for (const [key, raw] of Object.entries(nodes)) readNode(graph, key, asObject(raw), parent);
  edges.forEach((raw, index) => {
    const edge = readEdge(raw);
    const line = typeof raw === 'string' ? raw : JSON.stringify(raw);
    if (!edge || !known.has(edge.from) || !known.has(edge.to)) {
      graph.problems.push(
        `Edge "${line}" ${edge ? 'names a node that does not exist' : 'is not readable'}.`,
      );
      return;
    }
    graph.edges.push({
      id: `${prefix}${index}:${edge.from}.${edge.port}->${edge.to}`,
      source: prefix + edge.from,
      target: prefix + edge.to,
      port: edge.port,
      kind: edge.port === 'error' ? 'error' : 'flow',
    });
  });
  for (const [key, raw] of Object.entries(nodes)) {
    const undo = asObject(asObject(raw)['policy'])['compensate'];
    if (typeof undo === 'string' && known.has(undo)) {
      graph.edges.push({
        id: `${prefix}${key}~>${undo}`,
        source: prefix + key,
        target: prefix + undo,
        port: '',
        kind: 'compensate',
      });
    }
  }
}

function readNode(graph: Graph, key: string, source: JsonObject, parent: string | undefined): void {
  const id = parent ? `${parent}.${key}` : key;
  const container = 'nodes' in source;
  graph.nodes.push({
    id,
    key,
    parent,
    kind: container ? 'container' : 'node',
    type: typeof source['type'] === 'string' ? source['type'] : '',
    title: typeof source['title'] === 'string' && source['title'] ? source['title'] : titleOf(key),
    summary: summaryOf(source),
    policies: policiesOf(source),
    config: source['with'] ?? null,
    policy: source['policy'] ?? null,
    source,
  });
  if (container) readScope(graph, source, id);
}

function readEdge(raw: Json): { from: string; port: string; to: string } | undefined {
  if (typeof raw === 'string') {
    const match = edgePattern.exec(raw);
    return match ? { from: match[1]!, port: match[2] ?? '', to: match[3]! } : undefined;
  }
  const edge = asObject(raw);
  const from = String(edge['from'] ?? '');
  const to = String(edge['to'] ?? '');
  if (!from || !to) return undefined;
  const [node, port] = from.split('.');
  return { from: node!, port: port ?? String(edge['port'] ?? ''), to: to.split('.')[0]! };
}

/** "fetch_prices" -> "Fetch prices" */
export function titleOf(key: string): string {
  const words = key.replace(/[_-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The most telling fields of `with`, by what authors look for first. */
const telling = [
  'agent',
  'model',
  'method',
  'url',
  'workflow',
  'topic',
  'rule',
  'when',
  'duration',
  'until',
  'value',
  'items',
  'tool',
  'query',
];

function summaryOf(source: JsonObject): string {
  const config = asObject(source['with']);
  const parts = telling
    .map((field) => config[field])
    .filter((value) => typeof value === 'string' || typeof value === 'number')
    .map((value) => String(value).replace(/^=(?!=)/, ''));
  if (parts.length > 0) return parts.slice(0, 2).join(' · ');
  const cases = config['cases'];
  if (Array.isArray(cases)) {
    const ports = cases.map((entry) => String(asObject(entry)['port'] ?? '')).filter(Boolean);
    const fallback = typeof config['default'] === 'string' ? [config['default']] : [];
    return [...ports, ...fallback].join(' · ');
  }
  return '';
}

function policiesOf(source: JsonObject): Policy[] {
  const policy = asObject(source['policy']);
  const named: Policy[] = ['approval', 'retry', 'timeout', 'compensate', 'cache'];
  const found = named.filter((name) => policy[name] !== undefined);
  const join = source['join'];
  if (join !== undefined && join !== 'all') found.push('join');
  return found;
}

/** Whether a path is the entry of the graph or of a container. */
export const isStart = (id: string) => id === 'start' || id.endsWith('.start');

export function asObject(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}
