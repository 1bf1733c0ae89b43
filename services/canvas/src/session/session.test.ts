import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Problem } from '@/api/problem';
import {
  accessToken,
  authorizedFetch,
  grants,
  refreshTokens,
  resume,
  signIn,
  signOut,
  useSession,
} from './session';

type Answer = (body: Record<string, string>, request: Request | undefined) => [number, unknown];
let answers: Record<string, Answer>;
let calls: string[];
let pairs = 0;

const pair = (lifetimeMs = 600_000) => {
  pairs += 1;
  return {
    accessToken: `access-${pairs}`,
    refreshToken: `refresh-${pairs}`,
    expireTime: new Date(Date.now() + lifetimeMs).toISOString(),
  };
};
const me = { tenant: 'acme', permissions: ['*'] };

beforeEach(() => {
  localStorage.clear();
  pairs = 0;
  calls = [];
  answers = {
    '/v1/auth/login': () => [200, pair()],
    '/v1/auth/refresh': () => [200, pair()],
    '/v1/auth/logout': () => [200, {}],
    '/v1/auth/me': () => [200, me],
  };
  vi.stubGlobal('fetch', async (input: string | Request, init?: RequestInit) => {
    const request = input instanceof Request ? input : undefined;
    const path = new URL(request?.url ?? String(input), location.href).pathname;
    calls.push(path);
    const body = init?.body ? JSON.parse(String(init.body)) : {};
    const [status, answer] = answers[path]?.(body, request) ?? [404, {}];
    return new Response(JSON.stringify(answer), { status });
  });
});
afterEach(async () => {
  await signOut();
  vi.unstubAllGlobals();
});

const get = (path: string) => authorizedFetch(new Request(new URL(path, location.href)));

describe('session', () => {
  it('keeps both tokens out of localStorage', async () => {
    await signIn('a@b.c', 'pw');
    expect(useSession.getState()).toMatchObject({ status: 'signedIn', me });
    expect(JSON.stringify({ ...localStorage })).toBe('{}');
  });

  it('survives a reload with the refresh token, used once', async () => {
    await refreshTokens.write('from-before');
    const used: string[] = [];
    answers['/v1/auth/refresh'] = ({ refreshToken }) => {
      used.push(refreshToken ?? '');
      return [200, pair()];
    };
    await accessToken(true);
    await resume();
    expect(used).toEqual(['from-before']);
    expect(await refreshTokens.read()).toBe('refresh-1');
    expect(useSession.getState().status).toBe('signedIn');
  });

  it('refreshes once for many calls at the same time', async () => {
    await signIn('a@b.c', 'pw');
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 590_000);
    calls = [];
    answers['/v1/x'] = () => [200, {}];
    await Promise.all([get('/v1/x'), get('/v1/x'), get('/v1/x')]);
    expect(calls.filter((path) => path === '/v1/auth/refresh')).toHaveLength(1);
  });

  it('renews the token and tries again when the server calls it expired', async () => {
    await signIn('a@b.c', 'pw');
    answers['/v1/x'] = (_, request) =>
      request?.headers.get('authorization') === 'Bearer access-1' ? [401, {}] : [200, { ok: true }];
    expect(await (await get('/v1/x')).json()).toEqual({ ok: true });
  });

  it('does not refresh at every call when its clock is ahead', async () => {
    answers['/v1/auth/login'] = () => [200, pair(-3_600_000)];
    answers['/v1/x'] = () => [200, {}];
    await signIn('a@b.c', 'pw');
    await get('/v1/x');
    expect(calls).not.toContain('/v1/auth/refresh');
  });

  it('ends when the refresh is refused, and says why', async () => {
    await refreshTokens.write('stale');
    answers['/v1/auth/refresh'] = () => [401, { reason: 'TOKEN_REUSED' }];
    expect(await accessToken(true)).toBeUndefined();
    expect(useSession.getState().status).toBe('signedOut');
    expect(useSession.getState().ended).toMatch(/ended/);
    expect(await refreshTokens.read()).toBeNull();
  });

  it('does not end because of an outage', async () => {
    await signIn('a@b.c', 'pw');
    answers['/v1/auth/refresh'] = () => [503, { reason: 'BACKEND_UNAVAILABLE', detail: 'Later.' }];
    await expect(accessToken(true)).rejects.toMatchObject({ reason: 'BACKEND_UNAVAILABLE' });
    expect(useSession.getState().status).toBe('signedIn');
    expect(await refreshTokens.read()).toBe('refresh-1');
  });

  it('throws the reason of a refused sign-in', async () => {
    answers['/v1/auth/login'] = () => [
      401,
      { reason: 'CREDENTIALS_INVALID', detail: 'Wrong.', requestId: 'r-1' },
    ];
    const error = await signIn('a@b.c', 'no').catch((thrown) => thrown);
    expect(error).toBeInstanceOf(Problem);
    expect(error).toMatchObject({
      reason: 'CREDENTIALS_INVALID',
      message: 'Wrong.',
      requestId: 'r-1',
    });
  });
});

describe('grants', () => {
  it.each([
    [['*'], 'executions.start', true],
    [['executions.*'], 'executions.start', true],
    [['executions.start'], 'executions.start', true],
    [['executions.get'], 'executions.start', false],
    [['execution.*'], 'executions.start', false],
    [undefined, 'executions.start', false],
  ])('%j grants %s: %s', (held, wanted, expected) => {
    expect(grants(held, wanted)).toBe(expected);
  });
});
