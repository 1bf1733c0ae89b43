import { QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactNode } from 'react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { decideApproval } from '@/api/operations';
import { Problem } from '@/api/problem';
import { queryClient } from '@/api/queries';
import type { Approval } from '@/api/types';
import { useSession } from '@/session/session';
import { ApprovalPanel } from './approval-panel';

vi.mock('@/api/operations', async (original) => ({
  ...(await original<typeof import('@/api/operations')>()),
  decideApproval: vi.fn(),
}));
vi.mock('@tanstack/react-router', () => ({
  Link: ({ children }: { children: ReactNode }) => <a href="#there">{children}</a>,
}));
const decide = vi.mocked(decideApproval);

const open: Approval = {
  name: 'approvals/1',
  state: 'OPEN',
  title: 'Sign the order',
  approvers: ['role:lead'],
  step: 'sign',
  mine: true,
  form: {
    type: 'object',
    required: ['n'],
    properties: { n: { type: 'integer', title: 'Number' } },
  },
};

const show = (approval: Approval) =>
  render(
    <QueryClientProvider client={queryClient}>
      <ApprovalPanel approval={approval} onClose={() => undefined} />
    </QueryClientProvider>,
  );
const can = (...permissions: string[]) =>
  useSession.setState({ me: { permissions } as never, status: 'signedIn' });
const press = (name: string) => userEvent.click(screen.getByRole('button', { name }));

describe('an approval', () => {
  beforeEach(() => {
    decide.mockReset().mockResolvedValue({ ...open, state: 'APPROVED' });
    can('approvals.decide');
  });

  it('is sent with the values of its form and the comment, once they fit', async () => {
    show(open);
    await press('Approve');
    const field = screen.getByLabelText('Number');
    await waitFor(() => expect(field.getAttribute('aria-invalid')).toBe('true'));
    expect(decide).not.toHaveBeenCalled();
    await userEvent.type(field, '7');
    await userEvent.type(screen.getByLabelText(/Comment/), 'fine');
    await press('Approve');
    expect(decide).toHaveBeenCalledWith('approvals/1', true, { comment: 'fine', values: { n: 7 } });
  });

  it('is rejected without values', async () => {
    show(open);
    await press('Reject');
    expect(decide).toHaveBeenCalledWith('approvals/1', false, { comment: '' });
  });

  it('shows what the server refuses', async () => {
    decide.mockRejectedValue(
      new Problem({ status: 400, reason: 'APPROVAL_DECIDED', message: 'Grace was faster.' }),
    );
    show(open);
    await press('Reject');
    expect((await screen.findByRole('alert')).textContent).toContain('APPROVAL_DECIDED');
  });

  it.each([
    ['not theirs', { ...open, mine: false }, ['approvals.decide'], 'This one is for the role lead'],
    ['without the permission', open, ['approvals.list'], 'approvals.decide'],
  ] as const)('offers no decision to those %s, and says why', (_, approval, permissions, why) => {
    can(...permissions);
    show(approval);
    expect(screen.queryByRole('button', { name: 'Approve' })).toBeNull();
    expect(screen.getByText(new RegExp(why))).toBeTruthy();
  });

  it('that is decided shows by whom, and asks nothing', () => {
    show({ ...open, state: 'REJECTED', decider: 'users/grace', comment: 'Too much.' });
    expect(screen.getByText('users/grace')).toBeTruthy();
    expect(screen.getByText('Too much.')).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Approve' })).toBeNull();
  });
});
