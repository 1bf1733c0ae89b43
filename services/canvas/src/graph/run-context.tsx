import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import type { NodeRun } from '@/run/node-run';
import { createRunStore, type RunStore } from '@/run/run-store';
import { type GraphEdge, isStart } from './document';
import { type EdgeState, edgeState } from './edge-state';

const noRun = createRunStore();
const RunContext = createContext<RunStore>(noRun);

/** Gives cards and edges the run they show; without it the graph is just a graph. */
export const RunProvider = RunContext.Provider;

/** What is known of one node; re-renders only when that changes. */
export function useNodeRun(id: string): NodeRun | undefined {
  return useStore(useContext(RunContext), (state) => state.nodes.get(id));
}

export const useHasRun = () => useContext(RunContext) !== noRun;

export function useRunOver(): boolean {
  return useStore(useContext(RunContext), (state) => state.execution?.value.endTime !== undefined);
}

export function useEdgeState(edge: GraphEdge): EdgeState {
  const fromStart = isStart(edge.source);
  return useStore(useContext(RunContext), (state) => {
    const source = fromStart
      ? state.nodes.size > 0
        ? 'start'
        : undefined
      : state.nodes.get(edge.source);
    return edgeState(edge, source, state.nodes.get(edge.target));
  });
}
