import { useEffect, useRef, useSyncExternalStore } from 'react';
import { accessToken, useSession } from '@/session/session';
import { StreamClient, type StreamListener, type StreamStatus } from './stream-client';

export const stream = new StreamClient({
  url: () => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/v1/stream`,
  token: accessToken,
});

globalThis.addEventListener?.('online', () => stream.connect());
useSession.subscribe((state) => {
  if (state.status === 'signedOut') stream.close();
});

export const useStreamStatus = (): StreamStatus =>
  useSyncExternalStore(stream.watchStatus, () => stream.status);

/** Listens to a topic while the component is mounted; `undefined` listens to nothing. */
export function useStream(topic: string | undefined, listener: StreamListener): void {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => {
    if (!topic) return;
    return stream.subscribe(topic, {
      onEvent: (event) => latest.current.onEvent(event),
      onReset: () => latest.current.onReset(),
      onFailed: (reason, message) => latest.current.onFailed?.(reason, message),
    });
  }, [topic]);
}
