import { create } from 'zustand';
import { asProblem, Problem, problemFrom } from '@/api/problem';
import type { TokenPair, WhoAmI } from '@/api/types';
import { storage } from '@/lib/storage';

/**
 * The signed-in session.
 *
 * The access token lives in memory only. The refresh token, single-use and rotated at each use,
 * is kept in localStorage so that a reload and a second tab stay signed in; tabs take turns under
 * a Web Lock, because using one refresh token twice ends the session.
 */
export interface SessionState {
  /** 'unknown' until the first refresh after a reload has been answered. */
  status: 'unknown' | 'signedOut' | 'signedIn';
  me: WhoAmI | undefined;
  /** Why the session ended, for the sign-in page. */
  ended: string | undefined;
}

export const useSession = create<SessionState>(() => ({
  status: 'unknown',
  me: undefined,
  ended: undefined,
}));

const refreshKey = 'agentflow.refresh';
const lockName = 'agentflow.refresh';
/** An access token this close to its end is renewed first. */
const marginMs = 30_000;
const leastMs = 60_000;

let access: { token: string; expireMs: number } | undefined;
let refreshing: Promise<string | undefined> | undefined;

async function post<T>(path: string, body: unknown): Promise<T> {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.json().catch(() => undefined);
  if (!response.ok) throw problemFrom(response.status, answer, response.headers);
  return answer as T;
}

function keep(pair: TokenPair): string {
  const token = pair.accessToken ?? '';
  // A clock that is ahead of the server's must not make every call refresh first.
  const expireMs = Math.max(Date.parse(pair.expireTime ?? '') || 0, Date.now() + leastMs);
  access = { token, expireMs };
  storage.set(refreshKey, pair.refreshToken ?? null);
  return token;
}

function forget(ended?: string): void {
  access = undefined;
  storage.set(refreshKey, null);
  useSession.setState({ status: 'signedOut', me: undefined, ended });
}

/** A valid access token, renewed when needed; undefined when nobody is signed in. */
export async function accessToken(renew = false): Promise<string | undefined> {
  if (!renew && access && access.expireMs - Date.now() > marginMs) return access.token;
  refreshing ??= withLock(refresh).finally(() => {
    refreshing = undefined;
  });
  return refreshing;
}

async function refresh(): Promise<string | undefined> {
  // Read inside the lock: another tab may just have rotated it.
  const refreshToken = storage.get(refreshKey);
  if (!refreshToken) {
    if (access) forget('You signed out in another tab.');
    return undefined;
  }
  try {
    return keep(await post<TokenPair>('/v1/auth/refresh', { refreshToken }));
  } catch (error) {
    const problem = asProblem(error);
    // Only a refusal ends the session; an outage does not.
    if (problem.status >= 400 && problem.status < 500 && problem.status !== 429) {
      forget('Your session has ended. Sign in again.');
      return undefined;
    }
    throw problem;
  }
}

function withLock<T>(work: () => Promise<T>): Promise<T> {
  // Web Locks exist in secure contexts only; elsewhere tabs are on their own.
  return navigator.locks ? (navigator.locks.request(lockName, work) as Promise<T>) : work();
}

export async function signIn(email: string, password: string, tenant?: string): Promise<void> {
  keep(await post<TokenPair>('/v1/auth/login', { email, password, ...(tenant && { tenant }) }));
  await loadMe();
}

/** Picks up the session of before a reload. */
export async function resume(): Promise<void> {
  if (!storage.get(refreshKey)) {
    useSession.setState({ status: 'signedOut' });
    return;
  }
  if (await accessToken()) await loadMe();
}

export async function signOut(): Promise<void> {
  const refreshToken = storage.get(refreshKey);
  forget();
  if (refreshToken) await post('/v1/auth/logout', { refreshToken }).catch(() => undefined);
}

async function loadMe(): Promise<void> {
  const response = await authorizedFetch(new Request(new URL('/v1/auth/me', location.href)));
  const answer = await response.json().catch(() => undefined);
  if (!response.ok) throw problemFrom(response.status, answer, response.headers);
  useSession.setState({ status: 'signedIn', me: answer as WhoAmI, ended: undefined });
}

/** fetch with the bearer token; renews it once when the server calls it expired. */
export async function authorizedFetch(request: Request): Promise<Response> {
  const again = request.clone();
  const token = await accessToken();
  if (!token) throw new Problem({ status: 401, reason: 'SIGNED_OUT', message: 'Sign in first.' });
  request.headers.set('authorization', `Bearer ${token}`);
  const response = await fetch(request);
  if (response.status !== 401) return response;
  // Another call may have renewed it meanwhile.
  const renewed = await accessToken(access?.token === token);
  if (!renewed) return response;
  again.headers.set('authorization', `Bearer ${renewed}`);
  return fetch(again);
}

/** Whether a list of permissions grants one: "*", "executions.*" or the very name. */
export function grants(permissions: readonly string[] | undefined, wanted: string): boolean {
  if (!permissions) return false;
  const collection = `${wanted.split('.')[0]}.*`;
  return permissions.some((held) => held === '*' || held === wanted || held === collection);
}

export const useCan = (permission: string) =>
  useSession((state) => grants(state.me?.permissions, permission));

// Signing out in one tab signs out the others.
globalThis.addEventListener?.('storage', (event) => {
  if (event.key === refreshKey && event.newValue === null && access) {
    access = undefined;
    useSession.setState({ status: 'signedOut', me: undefined, ended: undefined });
  }
});
