import createClient, { type Middleware } from 'openapi-fetch';
import { authorizedFetch } from '@/session/session';
import { asProblem, problemFrom } from './problem';
import type { paths } from './schema';

/** Every failed answer becomes a thrown Problem, so callers only see results. */
const throwProblems: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return undefined;
    const body = await response.json().catch(() => undefined);
    throw problemFrom(response.status, body, response.headers);
  },
  onError: ({ error }) => asProblem(error),
};

export const api = createClient<paths>({
  baseUrl: globalThis.location?.origin,
  fetch: authorizedFetch,
});
api.use(throwProblems);

/** The data of an answer; the middleware above threw if there is none. */
export async function data<T>(call: Promise<{ data?: T }>): Promise<NonNullable<T>> {
  return (await call).data as NonNullable<T>;
}
