import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import {
  CircleCheck,
  CircleX,
  Gauge,
  Hourglass,
  LoaderCircle,
  type LucideIcon,
} from 'lucide-react';
import { useMemo, useState } from 'react';
import { executionsQuery } from '@/api/queries';
import type { Execution, ExecutionState, WorkflowStats } from '@/api/types';
import { durationMs, formatCount, formatDuration, idOf, timeMs, toInt } from '@/lib/format';
import { executionLook, executionStates } from '@/run/states';
import { useStream } from '@/stream';
import { Empty, ProblemPage, Skeleton } from '@/ui/basics';
import { PageBody, PageHead } from '@/ui/page';
import { ExecutionBadge, toneClass } from '@/ui/state-badge';
import { StateBar } from '@/ui/state-bar';
import { Ago, Duration } from '@/ui/time';
import { useLiveStats } from '../use-live-stats';
import css from './overview.module.css';

const recentCount = 9;

export default function OverviewPage() {
  const stats = useLiveStats();
  const rows = stats.data?.rows ?? [];
  const total = (...states: ExecutionState[]) =>
    rows.reduce(
      (sum, row) =>
        sum + states.reduce((inner, state) => inner + toInt(row.executionsByState?.[state]), 0),
      0,
    );
  const over = total('COMPLETED', 'FAILED', 'TIMED_OUT', 'CANCELED');
  const rate = over === 0 ? undefined : total('COMPLETED') / over;

  if (stats.error && !stats.data) {
    return (
      <>
        <PageHead title="Overview" />
        <ProblemPage error={stats.error} onRetry={stats.refetch} />
      </>
    );
  }
  const waiting = stats.isPending;
  return (
    <>
      <PageHead title="Overview" />
      <PageBody scroll>
        <div className={css.page}>
          <div className={css.tiles}>
            <Tile
              to="RUNNING"
              icon={LoaderCircle}
              tone="running"
              label="Running"
              value={total('RUNNING', 'QUEUED', 'COMPENSATING')}
              waiting={waiting}
            />
            <Tile
              to="WAITING"
              icon={Hourglass}
              tone="waiting"
              label="Waiting"
              value={total('WAITING', 'PAUSED')}
              waiting={waiting}
            />
            <Tile
              to="COMPLETED"
              icon={CircleCheck}
              tone="success"
              label="Completed"
              value={total('COMPLETED')}
              waiting={waiting}
            />
            <Tile
              to="FAILED"
              icon={CircleX}
              tone="danger"
              label="Failed"
              value={total('FAILED', 'TIMED_OUT')}
              waiting={waiting}
            />
            <div className={css.tile}>
              <span>
                <Gauge size={14} aria-hidden /> Success
              </span>
              <strong className="num">
                {rate === undefined ? '–' : `${(rate * 100).toFixed(1)} %`}
              </strong>
              <small>of {formatCount(over)} that are over</small>
            </div>
          </div>
          <div className={css.columns}>
            <Recent />
            <Busiest rows={rows} waiting={waiting} />
          </div>
        </div>
      </PageBody>
    </>
  );
}

interface TileProps {
  to: ExecutionState;
  icon: LucideIcon;
  tone: string;
  label: string;
  value: number;
  waiting: boolean;
}

const Tile = ({ to, icon: Icon, tone, label, value, waiting }: TileProps) => (
  <Link
    to="/executions"
    search={{ state: to }}
    className={`${css.tile} ${toneClass}`}
    data-tone={tone}
  >
    <span>
      <Icon size={14} aria-hidden /> {label}
    </span>
    {waiting ? (
      <Skeleton width={48} height={28} />
    ) : (
      <strong className="num">{formatCount(value)}</strong>
    )}
  </Link>
);

function Recent() {
  const query = executionsQuery({ pageSize: recentCount });
  const { data, error, isPending, refetch } = useInfiniteQuery({ ...query, staleTime: 0 });
  const [live, setLive] = useState<ReadonlyMap<string, Execution>>(new Map());
  useStream('executions', {
    onEvent: ({ execution }) => {
      const name = execution?.name;
      if (name) setLive((old) => new Map(old).set(name, execution));
    },
    onReset: () => {
      setLive(new Map());
      void refetch();
    },
  });
  const rows = useMemo(() => {
    const known = new Map((data?.pages[0]?.items ?? []).map((one) => [one.name ?? '', one]));
    for (const [name, execution] of live) known.set(name, { ...known.get(name), ...execution });
    return [...known.values()]
      .sort((a, b) => (b.startTime ?? '').localeCompare(a.startTime ?? ''))
      .slice(0, recentCount);
  }, [data, live]);
  return (
    <section className={css.card} aria-label="Latest executions">
      <header className={css.cardHead}>
        <h2>Latest executions</h2>
        <Link to="/executions">All</Link>
      </header>
      {error && rows.length === 0 ? (
        <ProblemPage error={error} onRetry={refetch} />
      ) : isPending ? (
        <p className={css.none}>
          <Skeleton width="80%" />
        </p>
      ) : rows.length === 0 ? (
        <Empty icon={CircleCheck} title="Nothing has run yet" />
      ) : (
        rows.map((row) => (
          <Link
            key={row.name}
            to="/executions/$executionId"
            params={{ executionId: idOf(row.name) }}
            className={css.row}
          >
            <ExecutionBadge state={row.state} />
            <span className="truncate">
              <strong>{idOf(row.workflow)}</strong>{' '}
              <span className="dim">{row.error?.message}</span>
            </span>
            <span className="dim">
              <span className={css.took}>
                <Duration startMs={timeMs(row.startTime)} endMs={timeMs(row.endTime)} /> ·{' '}
              </span>
              <Ago time={row.startTime} />
            </span>
          </Link>
        ))
      )}
    </section>
  );
}

function Busiest({ rows, waiting }: { rows: WorkflowStats[]; waiting: boolean }) {
  const busiest = useMemo(
    () =>
      rows
        .map((row) => ({
          row,
          parts: executionStates.map((state) => ({
            look: executionLook(state),
            count: toInt(row.executionsByState?.[state]),
          })),
        }))
        .map((one) => ({ ...one, count: one.parts.reduce((sum, part) => sum + part.count, 0) }))
        .sort((a, b) => b.count - a.count)
        .slice(0, 7),
    [rows],
  );
  return (
    <section className={css.card} aria-label="Busiest workflows">
      <header className={css.cardHead}>
        <h2>Busiest workflows</h2>
        <Link to="/workflows">All</Link>
      </header>
      {busiest.length === 0 && (
        <p className={css.none}>
          {waiting ? <Skeleton width="60%" /> : 'Counts appear after the first execution.'}
        </p>
      )}
      {busiest.map(({ row, parts, count }) => (
        <Link
          key={row.workflow}
          to="/workflows/$workflowId"
          params={{ workflowId: idOf(row.workflow) }}
          className={css.flow}
        >
          <span className={css.flowHead}>
            <strong className="truncate">{idOf(row.workflow)}</strong>
            <span className="num dim">
              {formatCount(count)} · p50 {formatDuration(durationMs(row.durationP50))}
            </span>
          </span>
          <StateBar parts={parts} label={idOf(row.workflow)} />
        </Link>
      ))}
    </section>
  );
}
