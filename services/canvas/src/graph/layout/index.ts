import ElkApi, { type ELK } from 'elkjs/lib/elk-api.js';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';
import { elkLayout } from './elk';
import { layeredLayout } from './layered';
import type { Direction, Layout, LayoutEdge, LayoutNode } from './types';

/** Beyond this ELK takes longer than anybody waits; the plain layout takes milliseconds. */
const maxElkNodes = 1500;
const patienceMs = 8000;

let elk: ELK | undefined;

/** Lays a graph out in a worker, and on this thread where that fails or takes too long. */
export async function layoutGraph(
  nodes: readonly LayoutNode[],
  edges: readonly LayoutEdge[],
  direction: Direction,
): Promise<Layout> {
  if (nodes.length > maxElkNodes) return layeredLayout(nodes, edges, direction);
  try {
    elk ??= new ElkApi({ workerUrl });
    return await withPatience(elkLayout(elk, nodes, edges, direction));
  } catch (error) {
    console.warn('Layout by ELK failed; using the plain one.', error);
    elk?.terminateWorker();
    elk = undefined;
    return layeredLayout(nodes, edges, direction);
  }
}

function withPatience<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('timed out')), patienceMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
