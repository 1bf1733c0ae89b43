import type { Execution, Step } from '@/api/types';
import { executionLook, stepLook } from './states';

/**
 * Two sources tell of a run: REST, which reads the executor's truth, and the stream, which may be
 * a moment behind it but arrives by itself. These rules keep either from turning time back.
 */
export interface Held<T> {
  value: T;
  /** When the stream last changed it (ms), 0: never. */
  streamedMs: number;
}

/** A change from the stream. Payloads it leaves out are kept. */
export function mergeStreamedStep(
  held: Held<Step> | undefined,
  step: Step,
  nowMs: number,
): Held<Step> {
  if (held && stepIsBehind(step, held.value)) return held;
  const value: Step = { ...held?.value, ...step };
  // What it waited for is over; what it waits for now is not told by the stream.
  if (step.state !== held?.value.state && !step.wait) delete value.wait;
  if (held && (step.attempt ?? 0) > (held.value.attempt ?? 0)) {
    // What belonged to the earlier attempt.
    if (!step.error) delete value.error;
    if (!step.endTime) delete value.endTime;
    delete value.output;
  }
  return { value, streamedMs: nowMs };
}

/** An answer of ListSteps whose request was sent at `sentMs`. */
export function mergeReadStep(
  held: Held<Step> | undefined,
  step: Step,
  sentMs: number,
): Held<Step> {
  if (!held) return { value: step, streamedMs: 0 };
  const older = held.streamedMs > sentMs && !stepIsBehind(held.value, step);
  if (!older) return { value: step, streamedMs: held.streamedMs };
  // The state is newer than the answer, the payloads are not known from elsewhere.
  const value: Step = { ...held.value };
  if (value.input === undefined && step.input !== undefined) value.input = step.input;
  if (value.output === undefined && step.output !== undefined) value.output = step.output;
  if (value.state === step.state && step.wait) value.wait = step.wait;
  return { value, streamedMs: held.streamedMs };
}

/** Whether `step` tells of an earlier moment than `known`. */
function stepIsBehind(step: Step, known: Step): boolean {
  const attempts = (step.attempt ?? 0) - (known.attempt ?? 0);
  if (attempts !== 0) return attempts < 0;
  if (known.state === 'COMPENSATED') return step.state !== 'COMPENSATED';
  if (step.state === 'COMPENSATED') return false;
  return stepLook(known.state).over && !stepLook(step.state).over;
}

export function mergeStreamedExecution(
  held: Held<Execution> | undefined,
  execution: Execution,
  nowMs: number,
): Held<Execution> {
  if (held && executionLook(held.value.state).over && !executionLook(execution.state).over) {
    return held;
  }
  return { value: { ...held?.value, ...execution }, streamedMs: nowMs };
}

export function mergeReadExecution(
  held: Held<Execution> | undefined,
  execution: Execution,
  sentMs: number,
): Held<Execution> {
  if (!held) return { value: execution, streamedMs: 0 };
  const knownOver = executionLook(held.value.state).over;
  const readOver = executionLook(execution.state).over;
  const older = (knownOver && !readOver) || (held.streamedMs > sentMs && !(readOver && !knownOver));
  return older
    ? { value: { ...execution, ...held.value }, streamedMs: held.streamedMs }
    : { value: execution, streamedMs: held.streamedMs };
}
