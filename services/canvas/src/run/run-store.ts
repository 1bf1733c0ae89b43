import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Execution, Step } from '@/api/types';
import type { StreamEvent } from '@/stream/frames';
import {
  type Held,
  mergeReadExecution,
  mergeReadStep,
  mergeStreamedExecution,
  mergeStreamedStep,
} from './merge';
import { type NodeRun, summarize } from './node-run';

/** One execution as far as it is known. */
export interface RunState {
  execution: Held<Execution> | undefined;
  /** By the step's name. */
  steps: ReadonlyMap<string, Held<Step>>;
  /** By node path: what a card on the graph shows of all its activations. */
  nodes: ReadonlyMap<string, NodeRun>;
  /** Counts changes of steps, for those who read them again. */
  revision: number;
}

export interface RunStore extends StoreApi<RunState> {
  readExecution(execution: Execution, sentMs: number): void;
  readSteps(steps: Step[], sentMs: number): void;
  /** Takes a change from the stream; a frame's worth of them is applied together. */
  streamed(event: StreamEvent): void;
  /** Applies what is waiting now (tests, and before a read). */
  flush(): void;
}

/** A step's key: its name, or what the name is made of. */
export function stepKey(step: Step): string {
  return step.node ? `${step.node}#${step.iteration ?? ''}` : (step.name ?? '');
}

type Schedule = (work: () => void) => void;

/**
 * State of one run, outside React. Changes from the stream are collected and applied once per
 * animation frame, so a thousand a second cost the screen no more than its own refresh.
 */
export function createRunStore(schedule: Schedule = nextFrame): RunStore {
  const store = createStore<RunState>(() => ({
    execution: undefined,
    steps: new Map(),
    nodes: new Map(),
    revision: 0,
  }));
  let waiting: StreamEvent[] = [];
  let scheduled = false;

  const putSteps = (
    incoming: Step[],
    merge: (held: Held<Step> | undefined, step: Step) => Held<Step>,
  ) => {
    const before = store.getState();
    const steps = new Map(before.steps);
    const touched = new Set<string>();
    for (const step of incoming) {
      const key = stepKey(step);
      const held = steps.get(key);
      const merged = merge(held, step);
      if (merged === held) continue;
      steps.set(key, merged);
      touched.add(step.node ?? '');
    }
    if (touched.size === 0) return;
    const nodes = new Map(before.nodes);
    const grouped = new Map<string, Step[]>();
    for (const { value } of steps.values()) {
      const node = value.node ?? '';
      if (!touched.has(node)) continue;
      const list = grouped.get(node);
      if (list) list.push(value);
      else grouped.set(node, [value]);
    }
    for (const [node, list] of grouped) nodes.set(node, summarize(list));
    store.setState({ steps, nodes, revision: before.revision + 1 });
  };

  const flush = () => {
    const events = waiting;
    waiting = [];
    scheduled = false;
    if (events.length === 0) return;
    const nowMs = Date.now();
    let { execution } = store.getState();
    const steps: Step[] = [];
    for (const event of events) {
      if (event.execution) execution = mergeStreamedExecution(execution, event.execution, nowMs);
      if (event.step) steps.push(event.step);
    }
    if (execution !== store.getState().execution) store.setState({ execution });
    putSteps(steps, (held, step) => mergeStreamedStep(held, step, nowMs));
  };

  return {
    ...store,
    flush,
    readExecution(execution, sentMs) {
      flush();
      store.setState({
        execution: mergeReadExecution(store.getState().execution, execution, sentMs),
      });
    },
    readSteps(steps, sentMs) {
      flush();
      putSteps(steps, (held, step) => mergeReadStep(held, step, sentMs));
    },
    streamed(event) {
      waiting.push(event);
      if (scheduled) return;
      scheduled = true;
      schedule(flush);
    },
  };
}

/** requestAnimationFrame, but also while the tab is hidden, where frames stand still. */
function nextFrame(work: () => void): void {
  let done = false;
  const once = () => {
    if (done) return;
    done = true;
    work();
  };
  requestAnimationFrame(once);
  setTimeout(once, 250);
}
