import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as operations from '@/api/operations';
import { useSession } from '@/session/session';
import { Principal } from './principal';

vi.mock('@/api/operations', async (original) => ({
  ...(await original<typeof operations>()),
  findPrincipalTitle: vi.fn(),
}));
const find = vi.mocked(operations.findPrincipalTitle);
const show = (name: string, permissions: string[]) => {
  useSession.setState({ me: { permissions } as never, status: 'signedIn' });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Principal name={name} />
    </QueryClientProvider>,
  );
};

describe('whoever did something', () => {
  beforeEach(() => vi.clearAllMocks());

  it('has the name that people know', async () => {
    find.mockResolvedValue('ann@example.com');
    show('users/1', ['users.*']);
    expect((await screen.findByText('ann@example.com')).title).toBe('users/1');
  });

  it.each([
    ['users/1', ['executions.*', 'apiKeys.get']],
    ['services/scheduler', ['*']],
  ])('%s stays as it is for those who hold %j, and nobody is asked', (name, permissions) => {
    show(name, permissions);
    expect(screen.getByText(name)).toBeTruthy();
    expect(find).not.toHaveBeenCalled();
  });

  it('has its resource name where it is gone', async () => {
    find.mockRejectedValue(new Error('no such key'));
    show('apiKeys/9', ['*']);
    await vi.waitFor(() => expect(find).toHaveBeenCalled());
    expect(screen.getByText('apiKeys/9')).toBeTruthy();
  });
});
