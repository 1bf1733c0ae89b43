import { describe, expect, it } from 'vitest';
import type { Checkpoint, Step } from '@/api/types';
import { mergeReadStep, mergeStreamedStep } from '@/run/merge';
import { verbsFor } from './actions';
import { completedBy } from './checkpoints';
import { readyFor } from './waits';

describe('what may be done to an execution', () => {
  it.each([
    ['RUNNING', ['pause', 'signal', 'cancel']],
    ['QUEUED', ['pause', 'signal', 'cancel']],
    ['PAUSED', ['resume', 'signal', 'cancel']],
    ['COMPENSATING', ['signal', 'cancel']],
    ['FAILED', ['retry']],
    ['CANCELED', ['retry']],
    ['TIMED_OUT', ['retry']],
    ['COMPLETED', []],
  ] as const)('%s', (state, verbs) => {
    expect(verbsFor(state).map((verb) => verb.id)).toEqual(verbs);
  });
});

describe('steps before a checkpoint', () => {
  const rows: Checkpoint[] = [
    { sequence: '1', what: 'ExecutionStarted' },
    { sequence: '4', what: 'StepCompleted', step: 'load' },
    { sequence: '9', what: 'StepCompleted', step: 'each.scan#1' },
    { sequence: '10', what: 'StepFailed', step: 'check' },
    { sequence: '12', what: 'StepCompleted', step: 'keep' },
  ];
  const steps: Step[] = [
    { node: 'load' },
    { node: 'each.scan', iteration: '0' },
    { node: 'each.scan', iteration: '1' },
    { node: 'check' },
    { node: 'keep' },
  ];

  it.each([
    [0, []],
    [1, ['load']],
    [3, ['load', 'each.scan']],
    [4, ['load', 'each.scan', 'keep']],
  ])('of row %i', (at, nodes) => {
    expect(completedBy(steps, rows, rows[at]!).map((step) => step.node)).toEqual(nodes);
  });
});

describe('what a step waits for', () => {
  it('is a worker while nobody has taken it, after a failure its time first', () => {
    expect(readyFor({})).toBe('a free worker');
    expect(readyFor({ failures: [{ attempt: 1 }] })).toBe('its next attempt, then a free worker');
  });

  const waiting: Step = { node: 'paid', state: 'WAITING', wait: { kind: 'SIGNAL', signal: 'paid' } };

  it('is forgotten when the stream says that it goes on', () => {
    const held = mergeStreamedStep(
      { value: waiting, streamedMs: 0 },
      { node: 'paid', state: 'COMPLETED' },
      5,
    );
    expect(held.value.wait).toBeUndefined();
  });

  it('is filled in by an answer that is older than the stream but of the same state', () => {
    const held = mergeReadStep(
      { value: { node: 'paid', state: 'WAITING' }, streamedMs: 9 },
      waiting,
      5,
    );
    expect(held.value.wait?.signal).toBe('paid');
    const over = mergeReadStep(
      { value: { node: 'paid', state: 'COMPLETED' }, streamedMs: 9 },
      waiting,
      5,
    );
    expect(over.value.wait).toBeUndefined();
  });
});
