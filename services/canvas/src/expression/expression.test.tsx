import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { checkExpression } from '@/api/operations';
import type { ExpressionCheck, ExpressionProblem } from '@/api/types';
import { ExpressionInput } from './expression-input';
import { invites, pieces, placeOf, replaced } from './marks';

vi.mock('@/api/operations', () => ({ checkExpression: vi.fn() }));
const check = vi.mocked(checkExpression);

const problem = (offset: number, length: number, severity: ExpressionProblem['severity'] = 'ERROR') => ({
  offset,
  length,
  severity,
});

describe('marks', () => {
  it.each([
    ['imputs.a', [problem(0, 6)], [['imputs', 'ERROR'], ['.a', undefined]]],
    ['1 +', [problem(3, 0)], [['1 +', undefined], [' ', 'ERROR']]],
    ['a + b', [problem(0, 5, 'WARNING'), problem(4, 1)], [['a + ', 'WARNING'], ['b', 'ERROR']]],
    // UTF-16 units: the smile is two.
    ["'😀' + x", [problem(7, 1)], [["'😀' + ", undefined], ['x', 'ERROR']]],
    ['a', [problem(90, 5)], [['a', undefined], [' ', 'ERROR']]],
    ['', [], []],
  ])('%s', (text, problems, expected) => {
    expect(pieces(text, problems).map((piece) => [piece.text, piece.severity])).toEqual(expected);
  });
  it('names a place as editors do', () => {
    expect(placeOf({ line: 2, column: 7 })).toBe('2:7');
    expect(placeOf({})).toBe('1:1');
  });
  it('replaces what was typed', () => {
    expect(replaced('nodes.cl.x', 6, 2, 'classify')).toEqual({ text: 'nodes.classify.x', cursor: 14 });
  });
  it.each([
    ['in', true],
    ['nodes.', true],
    ['größe', true],
    ['a1', true],
    ['items[0].', true],
    ['1.', false],
    ['a + 12', false],
    ['a + ', false],
    ['', false],
  ])('offers completions behind %j: %s', (text, expected) => {
    expect(invites(text, text.length)).toBe(expected);
  });
});

const fields: ExpressionCheck = {
  completions: {
    offset: 7,
    length: 2,
    items: [
      { kind: 'FIELD', label: 'amount', insert: 'amount', detail: 'number', documentation: 'Euros' },
      { kind: 'FIELD', label: 'amend', insert: 'amend', detail: 'bool' },
    ],
  },
};

function Field({ onSubmit = () => {}, problems = [] }: { onSubmit?: () => void; problems?: ExpressionProblem[] }) {
  const [text, setText] = useState('');
  return (
    <ExpressionInput
      place={place}
      label="Expression"
      placeholder=""
      value={text}
      onChange={setText}
      onSubmit={onSubmit}
      problems={problems}
      describedBy="problems"
      onChecked={ignore}
      canCheck
    />
  );
}
const place = { execution: 'executions/1', step: 'each.one#0' };
const ignore = () => {};

describe('the field of an expression', () => {
  const field = () => screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Expression' });
  beforeEach(() => {
    check.mockReset();
    check.mockImplementation(async (_place, text) => (text.startsWith('inputs.am') ? fields : {}));
  });

  it('asks the server about the text at the cursor, once typing has paused', async () => {
    render(<Field />);
    await userEvent.type(field(), 'inputs.am');
    await screen.findByRole('listbox');
    const [asked, text, cursor] = check.mock.lastCall!;
    expect([asked, text, cursor]).toEqual([place, 'inputs.am', 9]);
  });

  it('takes a completion with Tab and goes on behind it', async () => {
    render(<Field />);
    await userEvent.type(field(), 'inputs.am');
    expect(await screen.findByRole('option', { name: /amount/ })).toHaveProperty('ariaSelected', 'true');
    expect(screen.getByText('Euros')).toBeTruthy();
    expect(field().getAttribute('aria-activedescendant')).toBe(screen.getAllByRole('option')[0]!.id);
    await userEvent.keyboard('{Tab}');
    await waitFor(() => expect(field().value).toBe('inputs.amount'));
    expect(screen.queryByRole('listbox')).toBeNull();
    await waitFor(() => expect(field().selectionStart).toBe(13));
  });

  it('walks by arrow keys; Enter takes what was walked to and else submits', async () => {
    const submit = vi.fn();
    render(<Field onSubmit={submit} />);
    await userEvent.type(field(), 'inputs.am');
    await screen.findByRole('listbox');
    await userEvent.keyboard('{ArrowDown}{Enter}');
    await waitFor(() => expect(field().value).toBe('inputs.amend'));
    expect(submit).not.toHaveBeenCalled();
    await userEvent.keyboard('{Enter}');
    expect(submit).toHaveBeenCalledOnce();
    await userEvent.keyboard('{Shift>}{Enter}{/Shift}');
    expect(field().value).toContain('\n');
  });

  it('closes by Esc and opens again by Ctrl+Space', async () => {
    render(<Field />);
    await userEvent.type(field(), 'inputs.am');
    await screen.findByRole('listbox');
    await userEvent.keyboard('{Escape}');
    expect(screen.queryByRole('listbox')).toBeNull();
    await userEvent.keyboard('{Control>} {/Control}');
    expect(await screen.findByRole('listbox')).toBeTruthy();
  });

  it('lets typing go on while the server is away', async () => {
    check.mockRejectedValue(new Error('away'));
    render(<Field />);
    await userEvent.type(field(), 'inputs.am');
    await waitFor(() => expect(check).toHaveBeenCalled());
    expect(field().value).toBe('inputs.am');
    expect(screen.queryByRole('listbox')).toBeNull();
  });

  it('tells problems to assistive technology, too', () => {
    render(<Field problems={[problem(0, 1)]} />);
    expect(field().getAttribute('aria-invalid')).toBe('true');
    expect(field().getAttribute('aria-describedby')).toBe('problems');
  });
});
