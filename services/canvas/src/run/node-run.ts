import type { Step, StepState } from '@/api/types';
import { timeMs } from '@/lib/format';

/** All activations of one node in one number of things a card can show. */
export interface NodeRun {
  state: StepState;
  /** Activations, and how many of them are over. */
  count: number;
  overCount: number;
  failedCount: number;
  attempt: number;
  startMs: number | undefined;
  /** Undefined while any activation is not over. */
  endMs: number | undefined;
  /** Name of the chosen port, where the step's output is one (flow.if, flow.switch). */
  port: string | undefined;
  message: string | undefined;
}

/** The state that matters most of several activations comes first. */
const precedence: StepState[] = [
  'RUNNING',
  'WAITING',
  'READY',
  'FAILED',
  'PENDING',
  'COMPENSATED',
  'CANCELED',
  'COMPLETED',
  'SKIPPED',
];
const overStates = new Set<StepState>([
  'COMPLETED',
  'FAILED',
  'SKIPPED',
  'CANCELED',
  'COMPENSATED',
]);

export function summarize(steps: readonly Step[]): NodeRun {
  let state: StepState | undefined;
  let overCount = 0;
  let failedCount = 0;
  let attempt = 0;
  let startMs: number | undefined;
  let endMs: number | undefined;
  for (const step of steps) {
    const own = step.state ?? 'PENDING';
    if (!state || precedence.indexOf(own) < precedence.indexOf(state)) state = own;
    if (overStates.has(own)) overCount += 1;
    if (own === 'FAILED') failedCount += 1;
    attempt = Math.max(attempt, step.attempt ?? 0);
    const started = timeMs(step.startTime);
    const ended = timeMs(step.endTime);
    if (started !== undefined) startMs = Math.min(startMs ?? started, started);
    if (ended !== undefined) endMs = Math.max(endMs ?? ended, ended);
  }
  const only = steps.length === 1 ? steps[0] : undefined;
  return {
    state: state ?? 'PENDING',
    count: steps.length,
    overCount,
    failedCount,
    attempt,
    startMs,
    endMs: overCount === steps.length ? endMs : undefined,
    port: typeof only?.output === 'string' ? only.output : undefined,
    message: steps.find((step) => step.error)?.error?.message,
  };
}
