import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useStore } from 'zustand';
import * as operations from '@/api/operations';
import type { Execution, Step } from '@/api/types';
import { useStream, useStreamStatus } from '@/stream';
import { createRunStore, type RunStore } from './run-store';
import { isOver, stepLook } from './states';

export interface Run {
  store: RunStore;
  execution: Execution | undefined;
  error: unknown;
  loading: boolean;
  refetch: () => void;
}

/** How often state is read again: as a safety net beside the stream, and instead of it. */
const netMs = 15_000;
const pollMs = 1500;

/**
 * One execution, live: read by REST, then kept up by the stream. A reset of the stream reads
 * again; without a stream it is polled until the execution is over.
 */
export function useRun(name: string): Run {
  // eslint-disable-next-line react-hooks/exhaustive-deps -- another execution needs another store.
  const store = useMemo(() => createRunStore(), [name]);
  const execution = useStore(store, (state) => state.execution?.value);
  const known = execution !== undefined;
  const over = isOver(execution?.state);
  const status = useStreamStatus();
  const [refused, setRefused] = useState(false);
  const everyMs = over ? false : status === 'live' && !refused ? netMs : pollMs;

  const head = useQuery({
    queryKey: ['execution', name],
    queryFn: async () => {
      const sentMs = Date.now();
      const answer = await operations.getExecution(name);
      store.readExecution(answer, sentMs);
      return answer;
    },
    refetchInterval: everyMs,
    staleTime: 0,
  });
  const steps = useQuery({
    queryKey: ['steps', name],
    queryFn: async () => {
      const sentMs = Date.now();
      const answer = await operations.listSteps(name);
      store.readSteps(answer, sentMs);
      return sentMs;
    },
    refetchInterval: everyMs,
    staleTime: 0,
  });
  const { refetch: readHead } = head;
  const { refetch: readSteps } = steps;

  useStream(over ? undefined : name, {
    onEvent: (event) => store.streamed(event),
    onReset: () => {
      void readHead();
      void readSteps();
    },
    onFailed: () => setRefused(true),
  });

  // The stream leaves payloads out: once it is over, all of them are read. So are steps that were
  // read just before an end which the head already told of: nothing else would bring their ends.
  const behind = useStore(store, (state) => over && hasOpenSteps(state.steps));
  const wasLive = useRef(false);
  useEffect(() => {
    if (over && wasLive.current) void readHead();
    if (behind || (over && wasLive.current)) void readSteps();
    wasLive.current = known && !over;
  }, [known, over, behind, readHead, readSteps]);

  return {
    store,
    execution,
    error: head.error ?? steps.error,
    loading: head.isPending,
    refetch: () => {
      void readHead();
      void readSteps();
    },
  };
}

function hasOpenSteps(steps: ReadonlyMap<string, { value: Step }>): boolean {
  for (const { value } of steps.values()) if (!stepLook(value.state).over) return true;
  return false;
}

/** The activations of one node, in the order of their iterations. */
export function useStepsOf(store: RunStore, node: string | undefined): Step[] {
  const steps = useStore(store, (state) => state.steps);
  return useMemo(() => {
    const found: Step[] = [];
    if (node === undefined) return found;
    for (const { value } of steps.values()) if (value.node === node) found.push(value);
    return found.sort((a, b) => byIteration(a.iteration ?? '', b.iteration ?? ''));
  }, [steps, node]);
}

/** "2.10" after "2.9". */
export function byIteration(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? -1) - (right[index] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}
