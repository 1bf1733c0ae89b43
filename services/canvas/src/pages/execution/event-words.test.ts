import { describe, expect, it } from 'vitest';
import type { ExecutionEvent, JsonObject } from '@/api/types';
import { detailOf, eventInWords } from './event-words';

const time = '2026-01-01T00:00:00.5Z';
const said = (event: ExecutionEvent) =>
  detailOf({ time, ...event })
    .map(({ name, value }) => (name ? `${name} ${value}` : value))
    .join(' · ');

describe('the name of an event', () => {
  it.each([
    ['StepCompleted', undefined, 'Step completed'],
    ['ActivationOpened', undefined, 'Round begun'],
    ['ExecutionRebased', { kind: 'MIGRATION' }, 'Version changed'],
    ['ExecutionRebased', { kind: 'SOMETHING_NEW' }, 'Execution rebased'],
    ['SomethingNew', undefined, 'Something new'],
  ])('%s %o', (type, detail: JsonObject | undefined, words) => {
    expect(eventInWords({ type, ...(detail && { detail }) })).toBe(words);
  });
});

describe('the details of an event', () => {
  it.each<[string, ExecutionEvent, string]>([
    ['nothing', { type: 'StepSkipped' }, ''],
    [
      'an error first, then the rest',
      {
        type: 'AttemptFailed',
        detail: {
          readyTime: '2026-01-01T00:00:09Z',
          lost: false,
          error: { reason: 'SOLD_OUT', message: 'no seat is left', node: 'sale.ticket' },
        },
      },
      'SOLD_OUT · no seat is left · from ',
    ],
    [
      'an output, and the port only where there are several',
      { type: 'StepCompleted', detail: { output: { receipt: 1 }, port: 'out' } },
      'output {"receipt":1}',
    ],
    ['the port that was taken', { detail: { output: 'true', port: 'true' } }, 'output "true" · by true'],
    [
      'what is done at once without a time, and no key for machines',
      { detail: { agent: 'writer', idempotencyKey: 'e/1', readyTime: time } },
      'agent writer',
    ],
    [
      'a start',
      { detail: { workflow: 'workflows/a', mode: 'LIVE', version: 2, businessKey: 'order 1' } },
      'version 2 · business key order 1',
    ],
    ['texts by themselves', { detail: { cause: 'Lunch' } }, 'Lunch'],
    ['whom an approval asks', { detail: { title: 'Sign?', approvers: ['role:lead'] } }, 'Sign? · by role:lead'],
    ['a field of a newer server', { detail: { newField: { a: 1 } } }, 'new field {"a":1}'],
  ])('%s', (_, event, words) => {
    if (words.endsWith(' ')) expect(said(event)).toMatch(words);
    else expect(said(event)).toBe(words);
  });
});
