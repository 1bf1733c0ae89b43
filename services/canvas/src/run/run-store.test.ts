import { describe, expect, it } from 'vitest';
import type { Step } from '@/api/types';
import { createRunStore } from './run-store';

const step = (state: Step['state'], more: Partial<Step> = {}): Step => ({
  node: 'a',
  iteration: '',
  state,
  attempt: 1,
  ...more,
});

function makeStore() {
  let pending: (() => void) | undefined;
  const store = createRunStore((work) => {
    pending = work;
  });
  return {
    store,
    frame: () => {
      pending?.();
      pending = undefined;
    },
    state: (node = 'a') => store.getState().nodes.get(node)?.state,
    value: () => [...store.getState().steps.values()][0]?.value,
  };
}

describe('run store', () => {
  it('applies a frame of changes together', () => {
    const { store, frame, state } = makeStore();
    let renders = 0;
    store.subscribe(() => {
      renders += 1;
    });
    for (let index = 0; index < 1000; index += 1) {
      store.streamed({ step: step('RUNNING', { node: `n${index % 50}` }) });
    }
    expect(renders).toBe(0);
    frame();
    expect(renders).toBe(1);
    expect(state('n7')).toBe('RUNNING');
  });

  it('keeps what is known of nodes that did not change', () => {
    const { store, frame } = makeStore();
    store.readSteps([step('COMPLETED', { node: 'a' }), step('RUNNING', { node: 'b' })], 1);
    const before = store.getState().nodes.get('a');
    store.streamed({ step: step('COMPLETED', { node: 'b' }) });
    frame();
    expect(store.getState().nodes.get('a')).toBe(before);
  });

  it('is not taken back by a stream that is behind', () => {
    const { store, frame, state } = makeStore();
    store.readSteps([step('COMPLETED', { output: { ok: true } })], 1);
    store.streamed({ step: step('RUNNING') });
    frame();
    expect(state()).toBe('COMPLETED');
  });

  it('is not taken back by an answer older than the stream', () => {
    const { store, frame, value } = makeStore();
    store.streamed({ step: step('COMPLETED') });
    frame();
    store.readSteps([step('RUNNING', { input: { x: 1 } })], 0);
    expect(value()).toMatchObject({ state: 'COMPLETED', input: { x: 1 } });
  });

  it('keeps payloads that the stream leaves out', () => {
    const { store, frame, value } = makeStore();
    store.readSteps([step('RUNNING', { input: { x: 1 } })], 1);
    store.streamed({ step: step('COMPLETED') });
    frame();
    expect(value()).toMatchObject({ state: 'COMPLETED', input: { x: 1 } });
  });

  it('lets a new attempt start over', () => {
    const { store, frame, value } = makeStore();
    store.readSteps(
      [step('FAILED', { error: { reason: 'X' }, endTime: '2026-01-01T00:00:00Z' })],
      1,
    );
    store.streamed({ step: step('RUNNING', { attempt: 2 }) });
    frame();
    expect(value()).toMatchObject({ state: 'RUNNING', attempt: 2 });
    expect(value()?.error).toBeUndefined();
    expect(value()?.endTime).toBeUndefined();
  });

  it('lets a completed step be compensated', () => {
    const { store, frame, state } = makeStore();
    store.readSteps([step('COMPLETED')], 1);
    store.streamed({ step: step('COMPENSATED') });
    frame();
    expect(state()).toBe('COMPENSATED');
  });

  it('does not reopen an execution that is over', () => {
    const { store, frame } = makeStore();
    store.readExecution({ state: 'COMPLETED', output: 1 }, 1);
    store.streamed({ execution: { state: 'RUNNING' } });
    frame();
    store.readExecution({ state: 'RUNNING', input: 5 }, 0);
    expect(store.getState().execution?.value).toMatchObject({
      state: 'COMPLETED',
      output: 1,
      input: 5,
    });
  });

  it('sums up the activations of a node', () => {
    const { store } = makeStore();
    store.readSteps(
      [
        step('COMPLETED', {
          iteration: '0',
          startTime: '2026-01-01T00:00:01Z',
          endTime: '2026-01-01T00:00:02Z',
        }),
        step('RUNNING', { iteration: '1', startTime: '2026-01-01T00:00:02Z' }),
        step('FAILED', { iteration: '2', error: { message: 'no' } }),
      ],
      1,
    );
    expect(store.getState().nodes.get('a')).toMatchObject({
      state: 'RUNNING',
      count: 3,
      overCount: 2,
      failedCount: 1,
      message: 'no',
      startMs: Date.parse('2026-01-01T00:00:01Z'),
      endMs: undefined,
    });
  });
});
