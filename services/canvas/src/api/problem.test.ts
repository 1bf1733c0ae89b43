import { describe, expect, it } from 'vitest';
import { allOf, term } from './filter';
import { asProblem, problemFrom, toPointer } from './problem';

describe('problemFrom', () => {
  it('reads problem details with the field at fault', () => {
    const problem = problemFrom(
      400,
      {
        title: 'INVALID_ARGUMENT',
        detail: 'Too short.',
        reason: 'INPUT_INVALID',
        requestId: 'r',
        field: 'input.items[2]',
      },
      new Headers(),
    );
    expect(problem).toMatchObject({
      status: 400,
      reason: 'INPUT_INVALID',
      message: 'Too short.',
      requestId: 'r',
      fields: [{ pointer: '/input/items/2', message: 'Too short.' }],
    });
  });

  it('makes sense of an answer that is not ours', () => {
    const problem = problemFrom(502, '<html>', new Headers({ 'x-request-id': 'from-header' }));
    expect(problem).toMatchObject({ reason: 'HTTP_502', requestId: 'from-header', fields: [] });
    expect(problem.message).toMatch(/Try again/);
  });

  it('calls a failed connection unreachable', () => {
    expect(asProblem(new TypeError('Failed to fetch'))).toMatchObject({
      status: 0,
      reason: 'UNREACHABLE',
    });
  });
});

describe('toPointer', () => {
  it.each([
    ['/input/text', '/input/text'],
    ['#/input/text', '/input/text'],
    ['input.text', '/input/text'],
    ['input.items[2].name', '/input/items/2/name'],
    ['', ''],
  ])('%s -> %s', (path, pointer) => expect(toPointer(path)).toBe(pointer));
});

describe('filters', () => {
  it('quotes values', () => {
    expect(term('title', ':', 'a "b" \\ c')).toBe('title : "a \\"b\\" \\\\ c"');
  });
  it('joins what is there', () => {
    expect(allOf([undefined, 'a = "1"', false, 'b = "2"'])).toBe('a = "1" AND b = "2"');
    expect(allOf([undefined])).toBeUndefined();
  });
});
