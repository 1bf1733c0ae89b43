import { create } from 'zustand';
import { asProblem, Problem, problemFrom } from '@/api/problem';
import type { TokenPair, WhoAmI } from '@/api/types';
import { openTokenStore } from './token-store';

/**
 * The signed-in session.
 *
 * The refresh token is single-use: using one twice ends the session. So tabs take turns with it
 * under a Web Lock, and what one leaves the next one finds (token-store.ts). The access token lives
 * in memory, and for reloads of the same tab in sessionStorage: a page that is reloaded while it
 * refreshes never learns of the new pair, so reloading must not need to refresh.
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

const accessKey = 'agentflow.access';
const lockName = 'agentflow.refresh';
/** An access token this close to its end is renewed first. */
const marginMs = 30_000;
const leastMs = 60_000;

interface Access {
  token: string;
  expireMs: number;
}

export const refreshTokens = openTokenStore();
/** Tells the other tabs that the session is over. */
const others = globalThis.BroadcastChannel && new BroadcastChannel('agentflow.session');

let access: Access | undefined = rememberedAccess();
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

async function keep(pair: TokenPair): Promise<string> {
  const token = pair.accessToken ?? '';
  // A clock that is ahead of the server's must not make every call refresh first.
  const expireMs = Math.max(Date.parse(pair.expireTime ?? '') || 0, Date.now() + leastMs);
  setAccess({ token, expireMs });
  await refreshTokens.write(pair.refreshToken ?? null);
  return token;
}

async function forget(ended?: string): Promise<void> {
  setAccess(undefined);
  await refreshTokens.write(null);
  others?.postMessage('over');
  useSession.setState({ status: 'signedOut', me: undefined, ended });
}

function setAccess(next: Access | undefined): void {
  access = next;
  try {
    if (next) sessionStorage.setItem(accessKey, JSON.stringify(next));
    else sessionStorage.removeItem(accessKey);
  } catch {
    // Storage is off: then a reload refreshes.
  }
}

function rememberedAccess(): Access | undefined {
  try {
    return JSON.parse(sessionStorage.getItem(accessKey) ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
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
  const refreshToken = await refreshTokens.read();
  if (!refreshToken) {
    if (access) await forget('You signed out in another tab.');
    return undefined;
  }
  try {
    return await keep(await post<TokenPair>('/v1/auth/refresh', { refreshToken }));
  } catch (error) {
    const problem = asProblem(error);
    // Only a refusal ends the session; an outage does not.
    if (problem.status >= 400 && problem.status < 500 && problem.status !== 429) {
      await forget('Your session has ended. Sign in again.');
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
  await keep(await post<TokenPair>('/v1/auth/login', { email, password, ...(tenant && { tenant }) }));
  await loadMe();
}

/** Picks up the session of before a reload. */
export async function resume(): Promise<void> {
  if (!access && !(await refreshTokens.read())) {
    useSession.setState({ status: 'signedOut' });
    return;
  }
  if (await accessToken()) await loadMe();
}

export async function signOut(): Promise<void> {
  const refreshToken = await refreshTokens.read();
  await forget();
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
others?.addEventListener('message', () => {
  setAccess(undefined);
  useSession.setState({ status: 'signedOut', me: undefined, ended: undefined });
});
