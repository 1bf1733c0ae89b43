import type { NodeRun } from '@/run/node-run';
import type { GraphEdge } from './document';

/** idle: nothing known; active: leads into what runs now; taken; dead: will not be followed. */
export type EdgeState = 'idle' | 'active' | 'taken' | 'dead';

/**
 * What an edge did, as far as its ends tell. Exact where the source's output names the chosen port
 * (flow.if, flow.switch); elsewhere a skipped target means the edge was dead.
 */
export function edgeState(
  edge: Pick<GraphEdge, 'port' | 'kind'>,
  source: NodeRun | 'start' | undefined,
  target: NodeRun | undefined,
): EdgeState {
  if (edge.kind === 'compensate') return target?.startMs === undefined ? 'idle' : 'taken';
  if (source === undefined) return 'idle';
  if (source !== 'start') {
    if (source.state === 'SKIPPED' || source.state === 'CANCELED') return 'dead';
    if (source.state === 'FAILED' && edge.kind !== 'error') return 'dead';
    if (source.state === 'COMPLETED' && edge.kind === 'error') return 'dead';
    if (!['COMPLETED', 'FAILED', 'COMPENSATED'].includes(source.state)) return 'idle';
    if (edge.port && edge.kind === 'flow' && source.port && source.port !== edge.port)
      return 'dead';
  }
  if (target === undefined || target.state === 'PENDING')
    return source === 'start' ? 'idle' : 'taken';
  if (target.state === 'SKIPPED') return 'dead';
  if (target.state === 'RUNNING' || target.state === 'READY') return 'active';
  return 'taken';
}
