import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { statsKey, statsQuery } from '@/api/queries';
import { useStream } from '@/stream';

/** At most this often, however much happens. */
const periodMs = 2500;

/** Figures per workflow, read again soon after something happened. */
export function useLiveStats(enabled = true) {
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useStream(enabled ? 'executions' : undefined, {
    onEvent: () => {
      timer.current ??= setTimeout(() => {
        timer.current = undefined;
        void client.invalidateQueries({ queryKey: statsKey });
      }, periodMs);
    },
    onReset: () => undefined,
  });
  return useQuery({ ...statsQuery(), enabled });
}
