import { type InfiniteData, useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Activity } from 'lucide-react';
import { useMemo, useRef } from 'react';
import { allOf, term } from '@/api/filter';
import type { Page } from '@/api/operations';
import { executionsQuery } from '@/api/queries';
import type { Execution, ExecutionState } from '@/api/types';
import { formatDuration, idOf, shortId, timeMs } from '@/lib/format';
import { useStream } from '@/stream';
import { Chip, Empty, ProblemNotice, ProblemPage } from '@/ui/basics';
import { ExecutionBadge } from '@/ui/state-badge';
import { Ago, Duration } from '@/ui/time';
import { type Column, VirtualTable } from '@/ui/virtual-table';
import css from './executions.module.css';
import { applyChanges } from './live-list';

export interface ExecutionFilter {
  state?: ExecutionState | undefined;
  workflow?: string | undefined;
  /** Earliest start, RFC 3339. */
  since?: string | undefined;
  businessKey?: string | undefined;
}

/** Executions, newest first, changing as they run. */
export function ExecutionsTable({ state, workflow, since, businessKey }: ExecutionFilter) {
  const filter = allOf([
    state && term('state', '=', state),
    workflow && term('workflow', '=', workflow),
    since && term('start_time', '>', since),
    businessKey && term('business_key', '=', businessKey),
  ]);
  const query = useMemo(() => executionsQuery(filter ? { filter } : {}), [filter]);
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } =
    useInfiniteQuery(query);
  useLiveList(query.queryKey, { state, workflow, since, businessKey }, refetch);
  const navigate = useNavigate();
  const rows = useMemo(() => (data?.pages ?? []).flatMap((page) => page.items), [data]);

  if (error && rows.length === 0) return <ProblemPage error={error} onRetry={refetch} />;
  return (
    <VirtualTable
      label="Executions"
      columns={workflow ? columns.filter((column) => column.id !== 'workflow') : columns}
      rows={rows}
      rowKey={(row) => row.name ?? ''}
      loading={isPending}
      onOpen={(row) =>
        void navigate({ to: '/executions/$executionId', params: { executionId: idOf(row.name) } })
      }
      onMore={hasNextPage && !isFetchingNextPage ? () => void fetchNextPage() : undefined}
      foot={
        error ? <ProblemNotice error={error} onRetry={() => void fetchNextPage()} /> : undefined
      }
      empty={
        <Empty icon={Activity} title={filter ? 'No execution matches' : 'No executions yet'}>
          {filter
            ? 'Try another state, workflow, time or business key.'
            : 'Open a workflow and start it; it appears here at once.'}
        </Empty>
      }
    />
  );
}

const columns: Column<Execution>[] = [
  {
    id: 'state',
    title: 'State',
    width: '124px',
    narrowWidth: '110px',
    cell: (row) => <ExecutionBadge state={row.state} />,
  },
  {
    id: 'workflow',
    title: 'Workflow',
    width: 'minmax(140px, 1.2fr)',
    narrowWidth: 'minmax(0, 1fr)',
    cell: (row) => <span className={css.strong}>{idOf(row.workflow)}</span>,
  },
  {
    id: 'id',
    title: 'Execution',
    width: '100px',
    narrowWidth: null,
    cell: (row) => (
      <Link
        className="mono dim"
        to="/executions/$executionId"
        params={{ executionId: idOf(row.name) }}
        title={idOf(row.name)}
        tabIndex={-1}
      >
        {shortId(row.name)}
      </Link>
    ),
  },
  {
    id: 'about',
    title: 'About',
    width: 'minmax(120px, 2fr)',
    narrowWidth: null,
    cell: (row) => (
      <span className={css.about}>
        {row.businessKey && <span title="Business key">{row.businessKey}</span>}
        {row.error && (
          <span className="dim" title={row.error.message}>
            <span className="mono">{row.error.reason}</span> {row.error.message}
          </span>
        )}
        {Object.entries(row.labels ?? {}).map(([key, value]) => (
          <Chip key={key}>
            {key}={value}
          </Chip>
        ))}
      </span>
    ),
  },
  {
    id: 'version',
    title: 'Version',
    width: '60px',
    narrowWidth: null,
    align: 'end',
    cell: (row) => <span className="num dim">{row.version ? `v${row.version}` : ''}</span>,
  },
  {
    id: 'duration',
    title: 'Duration',
    width: '90px',
    narrowWidth: null,
    align: 'end',
    cell: (row) =>
      row.endTime ? (
        <span className="num">
          {formatDuration((timeMs(row.endTime) ?? 0) - (timeMs(row.startTime) ?? 0))}
        </span>
      ) : (
        <Duration startMs={timeMs(row.startTime)} endMs={undefined} />
      ),
  },
  {
    id: 'started',
    title: 'Started',
    width: '110px',
    narrowWidth: '96px',
    align: 'end',
    cell: (row) => (
      <span className="dim">
        <Ago time={row.startTime} />
      </span>
    ),
  },
];

/** Applies the tenant's stream to a list in the cache, a few times a second at most. */
function useLiveList(
  queryKey: readonly unknown[],
  filter: ExecutionFilter,
  refetch: () => unknown,
): void {
  const client = useQueryClient();
  const waiting = useRef(new Map<string, Execution>());
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useStream('executions', {
    onEvent: ({ execution }) => {
      if (!execution?.name) return;
      waiting.current.set(execution.name, execution);
      timer.current ??= setTimeout(() => {
        timer.current = undefined;
        const changes = waiting.current;
        waiting.current = new Map();
        client.setQueryData<InfiniteData<Page<Execution>>>(
          queryKey,
          (old) => old && applyChanges(old, changes, filter),
        );
      }, 200);
    },
    onReset: () => refetch(),
  });
}
