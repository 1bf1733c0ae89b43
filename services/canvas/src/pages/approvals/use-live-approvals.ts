import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { approvalsKey } from '@/api/queries';
import { useStream } from '@/stream';

/** At most this often, however much happens. */
const periodMs = 1000;

/**
 * Reads approvals again soon after an execution changed: one that asks begins to wait, one that was
 * answered goes on. The stream tells of executions only.
 */
export function useLiveApprovals(): void {
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const soon = () => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      void client.invalidateQueries({ queryKey: approvalsKey });
    }, periodMs);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useStream('executions', { onEvent: soon, onReset: soon });
}
