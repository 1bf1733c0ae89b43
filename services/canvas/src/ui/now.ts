import { useSyncExternalStore } from 'react';

/** One clock for all counters on the page: it ticks only while somebody looks at it. */
function clock(periodMs: number) {
  let now = Date.now();
  let timer: ReturnType<typeof setInterval> | undefined;
  const watchers = new Set<() => void>();
  return {
    read: () => now,
    watch: (watcher: () => void) => {
      if (watchers.size === 0) {
        now = Date.now();
        timer = setInterval(() => {
          now = Date.now();
          for (const each of watchers) each();
        }, periodMs);
      }
      watchers.add(watcher);
      return () => {
        watchers.delete(watcher);
        if (watchers.size === 0) clearInterval(timer);
      };
    },
  };
}

const fast = clock(100);
const slow = clock(5000);
const still = { read: () => 0, watch: () => () => undefined };

/** The time now, about ten times a second; a constant while `running` is false. */
export function useNow(running = true): number {
  const source = running ? fast : still;
  return useSyncExternalStore(source.watch, source.read);
}

/** The time now, every few seconds: for "2 min. ago". */
export const useSlowNow = (): number => useSyncExternalStore(slow.watch, slow.read);
