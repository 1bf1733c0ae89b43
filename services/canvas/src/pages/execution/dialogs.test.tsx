import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactNode } from 'react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as operations from '@/api/operations';
import type { Step } from '@/api/types';
import { createRunStore } from '@/run/run-store';
import type { Run } from '@/run/use-run';
import { ResumeDialog, SignalDialog } from './control-dialogs';
import { ForkDialog } from './fork-dialog';

vi.mock('@/api/operations', async (original) => ({
  ...(await original<typeof operations>()),
  listSteps: vi.fn(),
  resumeExecution: vi.fn(),
  signalExecution: vi.fn(),
  forkExecution: vi.fn(),
}));
const goTo = vi.fn();
vi.mock('@tanstack/react-router', () => ({ useNavigate: () => goTo }));
const api = vi.mocked(operations);

const name = 'executions/1';
const run = (): Run => ({
  store: createRunStore(),
  execution: { name },
  error: undefined,
  loading: false,
  refetch: () => undefined,
});
const show = (dialog: ReactNode) =>
  render(<QueryClientProvider client={new QueryClient()}>{dialog}</QueryClientProvider>);
const press = (label: string) =>
  userEvent.click(screen.getByRole('button', { name: label, hidden: true }));
const field = (label: string) => screen.getByLabelText<HTMLTextAreaElement>(label);
const write = async (label: string, text: string) => {
  await userEvent.clear(field(label));
  // Braces mean keys to userEvent.
  await userEvent.type(field(label), text.replace(/[[{]/g, '$&$&'));
};

describe('the dialogs of commands', () => {
  beforeEach(() => {
    vi.clearAllMocks();
    api.resumeExecution.mockResolvedValue({ name, state: 'RUNNING' });
    api.signalExecution.mockResolvedValue({ name, state: 'RUNNING' });
    api.forkExecution.mockResolvedValue({ name: 'executions/2' });
  });

  it('resume with a decision for each step that is held', async () => {
    const held = (node: string): Step => ({ node, state: 'WAITING', wait: { kind: 'DECISION' } });
    api.listSteps.mockResolvedValue([held('pay'), held('ship'), { node: 'done' }]);
    show(<ResumeDialog name={name} run={run()} close={() => undefined} />);
    await screen.findByText(/2 steps used up all attempts/);
    await userEvent.selectOptions(field('What becomes of ship'), 'COMPLETE');
    await write('Output of ship as JSON', '{"by": "hand"}');
    await press('Resume');
    expect(api.resumeExecution).toHaveBeenCalledWith(name, {
      pay: { action: 'RETRY' },
      ship: { action: 'COMPLETE', output: { by: 'hand' } },
    });
  });

  it('do not send JSON that cannot be read', async () => {
    api.listSteps.mockResolvedValue([]);
    show(<SignalDialog name={name} run={run()} close={() => undefined} signal="paid" />);
    await write('Payload as JSON', '{"amount": ');
    await press('Send');
    expect(api.signalExecution).not.toHaveBeenCalled();
    await write('Payload as JSON', '{"amount": 2}');
    await press('Send');
    expect(api.signalExecution).toHaveBeenCalledWith(name, {
      signal: 'paid',
      payload: { amount: 2 },
      requestId: expect.any(String),
    });
  });

  it('fork with what was changed, and nothing else', async () => {
    const fork = (before: Step[]) => (
      <ForkDialog
        name={name}
        execution={{ name, input: { n: 1 } }}
        at={{ step: 'check' }}
        before={before}
        close={() => undefined}
      />
    );
    const { unmount } = show(fork([]));
    await press('Start the fork');
    const requestId = expect.any(String);
    expect(api.forkExecution).toHaveBeenCalledWith(name, { step: 'check', requestId });
    expect(goTo).toHaveBeenCalledWith(
      expect.objectContaining({ params: { executionId: '2' } }),
    );
    unmount();
    show(fork([{ node: 'load', output: 3 }]));
    await userEvent.selectOptions(field('Change the output of'), 'load');
    await write('Output of load as JSON', '30');
    await press('Start the fork');
    expect(api.forkExecution).toHaveBeenLastCalledWith(name, {
      step: 'check',
      outputs: { load: 30 },
      requestId,
    });
  });
});
