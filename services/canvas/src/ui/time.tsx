import { formatAgo, formatDateTime, formatDuration, timeMs } from '@/lib/format';
import { useNow, useSlowNow } from './now';

/** "2 min. ago", with the exact time on hover. */
export function Ago({ time }: { time: string | undefined }) {
  const now = useSlowNow();
  const ms = timeMs(time);
  if (ms === undefined) return <span className="dim">–</span>;
  return (
    <time dateTime={time} title={formatDateTime(ms)}>
      {formatAgo(ms, now)}
    </time>
  );
}

/** How long something took, or a counter while it goes on. */
export function Duration({
  startMs,
  endMs,
}: {
  startMs: number | undefined;
  endMs: number | undefined;
}) {
  const open = startMs !== undefined && endMs === undefined;
  const now = useNow(open);
  if (startMs === undefined) return <span className="dim">–</span>;
  return <span className="num">{formatDuration((endMs ?? now) - startMs)}</span>;
}
