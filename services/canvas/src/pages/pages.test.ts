import { describe, expect, it } from 'vitest';
import type { Execution } from '@/api/types';
import { byIteration } from '@/run/use-run';
import { lanesOf, ticks } from './execution/timeline-model';
import { append } from './execution/use-journal';
import { applyChanges } from './executions/live-list';

const list = (...items: Execution[]) => ({
  pages: [{ items, nextPageToken: undefined }],
  pageParams: [''],
});
const change = (execution: Execution) => new Map([[execution.name ?? '', execution]]);
const names = (result: ReturnType<typeof list>) =>
  result.pages.flatMap((page) => page.items.map((one) => one.name));

describe('applyChanges', () => {
  const old = list(
    { name: 'b', state: 'RUNNING', startTime: '2' },
    { name: 'a', state: 'FAILED', startTime: '1' },
  );
  it('changes what is known in place', () => {
    const result = applyChanges(old, change({ name: 'b', state: 'COMPLETED' }), {});
    expect(result.pages[0]?.items[0]).toMatchObject({
      name: 'b',
      state: 'COMPLETED',
      startTime: '2',
    });
  });
  it('puts new ones first', () => {
    expect(
      names(
        applyChanges(old, change({ name: 'c', state: 'QUEUED', startTime: '3' }), {}) as typeof old,
      ),
    ).toEqual(['c', 'b', 'a']);
  });
  it('drops what the filter no longer holds for, and keeps others out', () => {
    const running = { state: 'RUNNING' as const };
    expect(
      names(
        applyChanges(
          list({ name: 'b', state: 'RUNNING' }),
          change({ name: 'b', state: 'FAILED' }),
          running,
        ) as typeof old,
      ),
    ).toEqual([]);
    expect(
      names(applyChanges(list(), change({ name: 'c', state: 'FAILED' }), running) as typeof old),
    ).toEqual([]);
  });
  it('takes in what has the business key that is looked for, and nothing else', () => {
    const changes = new Map([
      ['c', { name: 'c', state: 'RUNNING', businessKey: 'order 1' }],
      ['d', { name: 'd', state: 'RUNNING', businessKey: 'order 17' }],
    ] as const);
    expect(names(applyChanges(list(), changes, { businessKey: 'order 17' }) as typeof old)).toEqual([
      'd',
    ]);
  });
  it('does not reopen what is over', () => {
    const result = applyChanges(old, change({ name: 'a', state: 'RUNNING' }), {});
    expect(result.pages[0]?.items[1]?.state).toBe('FAILED');
  });
});

describe('timeline', () => {
  it('orders steps by start, those without one last', () => {
    const lanes = lanesOf([
      { node: 'late', startTime: '2026-01-01T00:00:02Z' },
      { node: 'never' },
      {
        node: 'early',
        startTime: '2026-01-01T00:00:01Z',
        failures: [{ time: '2026-01-01T00:00:03Z' }],
      },
    ]);
    expect(lanes.map((lane) => lane.node)).toEqual(['early', 'late', 'never']);
    expect(lanes[0]?.misses).toHaveLength(1);
  });
  it.each([
    [7, 8],
    [900, 8],
    [5000, 8],
    [3_600_000, 8],
    [40 * 86_400_000, 8],
  ])('marks %i ms with at most %i round steps', (span, most) => {
    expect(ticks(span, most).length).toBeLessThanOrEqual(most + 1);
    expect(ticks(span, most).length).toBeGreaterThan(1);
  });
  it('sorts iterations as numbers', () => {
    expect(['2.10', '2.9', '', '10', '2'].sort(byIteration)).toEqual([
      '',
      '2',
      '2.9',
      '2.10',
      '10',
    ]);
  });
});

describe('journal', () => {
  it('adds only what is new', () => {
    const known = [{ sequence: '1' }, { sequence: '2' }];
    expect(
      append(known, [{ sequence: '2' }, { sequence: '3' }]).map((event) => event.sequence),
    ).toEqual(['1', '2', '3']);
    expect(append(known, [{ sequence: '2' }])).toBe(known);
  });
});
