import { idOf } from '@/lib/format';
import { api, data } from './client';

/** The content of payloads/{id}. */
export async function downloadPayload(name: string): Promise<Blob> {
  const path = { payload: idOf(name) };
  const stored = await data(api.GET('/v1/payloads/{payload}', { params: { path } }));
  const bytes = Uint8Array.from(atob(stored.data ?? ''), (char) => char.charCodeAt(0));
  // Never a type that a browser would run where it is opened.
  return new Blob([bytes], { type: 'application/octet-stream' });
}
