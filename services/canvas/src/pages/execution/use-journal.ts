import { useCallback, useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { listEvents } from '@/api/operations';
import type { ExecutionEvent } from '@/api/types';
import { toInt } from '@/lib/format';
import type { Run } from '@/run/use-run';

const pageSize = 200;
const pauseMs = 700;

/**
 * The journal, oldest first, growing with the run. It only ever grows at its end, so only the last
 * page is read again; a change of any step says that there is more.
 */
export function useJournal(name: string, run: Run) {
  const [events, setEvents] = useState<ExecutionEvent[]>();
  const [error, setError] = useState<unknown>();
  const lastToken = useRef<string | undefined>(undefined);
  const busy = useRef(false);
  const again = useRef(false);

  const pull = useCallback(async () => {
    if (busy.current) {
      again.current = true;
      return;
    }
    busy.current = true;
    try {
      do {
        again.current = false;
        let token = lastToken.current;
        for (;;) {
          const page = await listEvents(name, { pageSize, ...(token && { pageToken: token }) });
          setEvents((old) => append(old ?? [], page.items));
          lastToken.current = token;
          if (!page.nextPageToken) break;
          token = page.nextPageToken;
        }
        setError(undefined);
      } while (again.current);
    } catch (problem) {
      setError(problem);
    } finally {
      busy.current = false;
    }
  }, [name]);

  const revision = useStore(run.store, (state) => state.revision);
  const state = useStore(run.store, (current) => current.execution?.value.state);
  const first = useRef(true);
  // Each change of the run is a reason to read on.
  useEffect(() => {
    const timer = setTimeout(() => void pull(), first.current ? 0 : pauseMs);
    first.current = false;
    return () => clearTimeout(timer);
  }, [pull, revision, state]);
  return { events, error, pull };
}

/** Events by sequence; what is known already is not added twice. */
export function append(old: ExecutionEvent[], page: ExecutionEvent[]): ExecutionEvent[] {
  const last = toInt(old.at(-1)?.sequence);
  const fresh = page.filter((event) => toInt(event.sequence) > last);
  return fresh.length > 0 ? [...old, ...fresh] : old;
}
