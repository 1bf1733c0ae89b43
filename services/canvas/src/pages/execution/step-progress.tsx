import { useMemo } from 'react';
import { useStore } from 'zustand';
import type { StepState } from '@/api/types';
import type { Graph } from '@/graph/document';
import type { RunStore } from '@/run/run-store';
import { stepLook } from '@/run/states';
import { StateBar } from '@/ui/state-bar';
import css from './execution.module.css';

/** What is over comes first, as in any other progress bar. */
const order: StepState[] = [
  'COMPLETED',
  'COMPENSATED',
  'SKIPPED',
  'CANCELED',
  'FAILED',
  'RUNNING',
  'WAITING',
  'READY',
  'PENDING',
];

/** How far the execution is, in steps. */
export function StepProgress({ store, graph }: { store: RunStore; graph: Graph }) {
  const steps = useStore(store, (state) => state.steps);
  const nodes = useStore(store, (state) => state.nodes);
  const over = useStore(store, (state) => state.execution?.value.endTime !== undefined);
  const { parts, done, total } = useMemo(() => {
    const counts = new Map<string, number>();
    for (const { value } of steps.values()) {
      const state = value.state ?? 'PENDING';
      counts.set(state, (counts.get(state) ?? 0) + 1);
    }
    // What the graph still has ahead; nodes that only undo are not counted before they run.
    const undoing = new Set(
      graph.edges.filter((edge) => edge.kind === 'compensate').map((edge) => edge.target),
    );
    const ahead = over
      ? 0
      : graph.nodes.filter(
          (node) => node.kind !== 'start' && !nodes.has(node.id) && !undoing.has(node.id),
        ).length;
    counts.set('PENDING', (counts.get('PENDING') ?? 0) + ahead);
    const all = order.map((state) => ({ look: stepLook(state), count: counts.get(state) ?? 0 }));
    return {
      parts: all,
      done: all.reduce((sum, part) => sum + (part.look.over ? part.count : 0), 0),
      total: all.reduce((sum, part) => sum + part.count, 0),
    };
  }, [steps, nodes, graph, over]);
  return (
    <div className={css.progress}>
      <StateBar parts={parts} label="Steps" />
      <span className="num">
        {done} of {total} steps
      </span>
    </div>
  );
}
