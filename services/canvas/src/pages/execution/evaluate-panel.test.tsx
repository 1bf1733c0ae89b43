import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { checkExpression, evaluateExpression } from '@/api/operations';
import { Problem } from '@/api/problem';
import { useSession } from '@/session/session';
import { EvaluatePanel } from './evaluate-panel';

vi.mock('@/api/operations', async (original) => ({
  ...(await original<typeof import('@/api/operations')>()),
  checkExpression: vi.fn(),
  evaluateExpression: vi.fn(),
}));
const check = vi.mocked(checkExpression);
const evaluate = vi.mocked(evaluateExpression);

function Page({ step }: { step?: string }) {
  const [evaluation, setEvaluation] = useState({ text: '', ran: '' });
  return (
    <EvaluatePanel
      place={{ execution: 'executions/1', step }}
      evaluation={evaluation}
      onEvaluation={setEvaluation}
    />
  );
}

function show(step?: string) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const page = (at?: string) => (
    <QueryClientProvider client={client}>
      <Page step={at} />
    </QueryClientProvider>
  );
  const { rerender } = render(page(step));
  return (at?: string) => rerender(page(at));
}
const field = () => screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Expression' });
const can = (...permissions: string[]) =>
  useSession.setState({ me: { permissions } as never, status: 'signedIn' });

describe('the Evaluate panel', () => {
  beforeEach(() => {
    check.mockReset().mockResolvedValue({ valid: true });
    evaluate.mockReset().mockResolvedValue({ value: 42, type: 'int', cost: '3' } as never);
    can('expressions.*');
  });

  it('shows the value with its type and cost', async () => {
    show();
    await userEvent.type(field(), 'inputs.a + 1{Enter}');
    expect(await screen.findByText('42')).toBeTruthy();
    expect(screen.getByTitle('Type').textContent).toBe('int');
    expect(screen.getByText('cost 3')).toBeTruthy();
    expect(evaluate).toHaveBeenCalledWith({ execution: 'executions/1', step: undefined }, 'inputs.a + 1');
  });

  it('shows null as a value', async () => {
    evaluate.mockResolvedValue({ value: null, type: 'null_type' } as never);
    show();
    await userEvent.type(field(), 'null{Enter}');
    expect(await screen.findByRole('region', { name: 'Result' })).toBeTruthy();
  });

  it('says where an evaluation failed, and writes what was meant', async () => {
    evaluate.mockResolvedValue({
      problems: [
        { severity: 'ERROR', message: 'There is no variable `imputs` here.', suggestion: 'inputs',
          offset: 4, length: 6, line: 1, column: 5 },
      ],
    });
    show();
    await userEvent.type(field(), '1 + imputs.a{Enter}');
    const list = await screen.findByRole('list', { name: 'Problems' });
    await waitFor(() => expect(list.textContent).toContain('1:5There is no variable'));
    expect(field().getAttribute('aria-invalid')).toBe('true');
    await userEvent.click(screen.getByRole('button', { name: /Write inputs/ }));
    expect(field().value).toBe('1 + inputs.a');
    expect(document.activeElement).toBe(field());
    expect(field().getAttribute('aria-invalid')).toBe('false');
  });

  it('shows what checking finds once typing has stopped', async () => {
    check.mockResolvedValue({
      problems: [{ severity: 'WARNING', message: 'It may be missing.', length: 1, line: 1, column: 1 }],
    });
    show();
    await userEvent.type(field(), 'a');
    expect(screen.queryByText('It may be missing.')).toBeNull();
    expect(await screen.findByText('It may be missing.', {}, { timeout: 3000 })).toBeTruthy();
    expect(screen.getByLabelText('Warning')).toBeTruthy();
    expect(field().getAttribute('aria-invalid')).toBe('false');
  });

  it('evaluates the same expression for the step that is chosen next', async () => {
    const move = show('first');
    await userEvent.type(field(), 'item{Enter}');
    await screen.findByText('42');
    evaluate.mockResolvedValue({ value: 43, type: 'int' });
    move('each.one#1');
    expect(await screen.findByText('43')).toBeTruthy();
    expect(evaluate).toHaveBeenLastCalledWith({ execution: 'executions/1', step: 'each.one#1' }, 'item');
    expect(screen.getByText('each.one#1')).toBeTruthy();
  });

  it('evaluates again when asked again', async () => {
    show();
    await userEvent.type(field(), 'a{Enter}');
    await screen.findByText('42');
    await userEvent.click(screen.getByRole('button', { name: 'Evaluate' }));
    await waitFor(() => expect(evaluate).toHaveBeenCalledTimes(2));
  });

  it('shows refusals and is not there for those who may not', async () => {
    evaluate.mockRejectedValue(
      new Problem({ status: 404, reason: 'STEP_UNKNOWN', message: 'The execution has no such step.' }),
    );
    show();
    await userEvent.type(field(), 'a{Enter}');
    expect((await screen.findByRole('alert')).textContent).toContain('STEP_UNKNOWN');
    can('executions.get');
    await waitFor(() => expect(screen.queryByRole('textbox')).toBeNull());
  });
});
