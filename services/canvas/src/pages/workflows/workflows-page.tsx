import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Workflow as WorkflowIcon } from 'lucide-react';
import { useDeferredValue, useMemo, useState } from 'react';
import { term } from '@/api/filter';
import { executionsQuery, workflowsQuery } from '@/api/queries';
import type { Execution, Workflow, WorkflowStats } from '@/api/types';
import { durationMs, formatCount, formatDuration, idOf, toInt } from '@/lib/format';
import { useCan } from '@/session/session';
import { useStream } from '@/stream';
import { Chip, Empty, ProblemPage, SearchBox } from '@/ui/basics';
import { PageBody, PageHead } from '@/ui/page';
import { ExecutionBadge } from '@/ui/state-badge';
import { Ago } from '@/ui/time';
import { type Column, VirtualTable } from '@/ui/virtual-table';
import { useLiveStats } from '../use-live-stats';
import css from './workflows.module.css';

interface Row {
  workflow: Workflow;
  stats: WorkflowStats | undefined;
  last: Execution | undefined;
}

export default function WorkflowsPage() {
  const search = useSearch({ from: '/app/workflows' });
  const navigate = useNavigate({ from: '/workflows' });
  const [text, setText] = useState(search.q ?? '');
  const wanted = useDeferredValue(text.trim());
  const query = workflowsQuery(wanted ? { filter: term('title', ':', wanted) } : {});
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } =
    useInfiniteQuery({
      ...query,
      placeholderData: (old) => old,
    });
  const figures = useFigures();
  const rows = useMemo(
    () =>
      (data?.pages ?? [])
        .flatMap((page) => page.items)
        .map((workflow): Row => ({ workflow, ...figures(workflow.name) })),
    [data, figures],
  );
  return (
    <>
      <PageHead
        title="Workflows"
        actions={
          <SearchBox
            aria-label="Search by title"
            placeholder="Search by title"
            value={text}
            onChange={({ target }) => {
              setText(target.value);
              void navigate({ search: { q: target.value.trim() || undefined }, replace: true });
            }}
          />
        }
      />
      <PageBody>
        {error && rows.length === 0 ? (
          <ProblemPage error={error} onRetry={refetch} />
        ) : (
          <VirtualTable
            label="Workflows"
            columns={columns}
            rows={rows}
            rowHeight={52}
            rowKey={(row) => row.workflow.name ?? ''}
            loading={isPending}
            onOpen={(row) =>
              void navigate({
                to: '/workflows/$workflowId',
                params: { workflowId: idOf(row.workflow.name) },
                search: {},
              })
            }
            onMore={hasNextPage && !isFetchingNextPage ? () => void fetchNextPage() : undefined}
            empty={
              <Empty
                icon={WorkflowIcon}
                title={wanted ? `No workflow called "${wanted}"` : 'No workflows yet'}
              >
                {wanted
                  ? 'The search looks at titles.'
                  : 'Apply one with the command line: agentflow apply FILE.yaml'}
              </Empty>
            }
          />
        )}
      </PageBody>
    </>
  );
}

/** Counts per workflow and its newest execution, where the caller may see them. */
function useFigures(): (name: string | undefined) => {
  stats: WorkflowStats | undefined;
  last: Execution | undefined;
} {
  const allowed = useCan('executions.list');
  const stats = useLiveStats(allowed);
  const recent = useInfiniteQuery({ ...executionsQuery({ pageSize: 200 }), enabled: allowed });
  const [live, setLive] = useState<ReadonlyMap<string, Execution>>(new Map());
  const { refetch } = recent;
  useStream(allowed ? 'executions' : undefined, {
    onEvent: ({ execution }) => {
      const workflow = execution?.workflow;
      if (!workflow) return;
      setLive((old) => {
        const known = old.get(workflow);
        const newer = !known || (execution.startTime ?? '') >= (known.startTime ?? '');
        return newer ? new Map(old).set(workflow, execution) : old;
      });
    },
    onReset: () => void refetch(),
  });
  return useMemo(() => {
    const byName = new Map((stats.data?.rows ?? []).map((row) => [row.workflow, row]));
    const last = new Map<string | undefined, Execution>();
    for (const execution of recent.data?.pages[0]?.items ?? []) {
      if (!last.has(execution.workflow)) last.set(execution.workflow, execution);
    }
    for (const [workflow, execution] of live) {
      const known = last.get(workflow);
      if ((execution.startTime ?? '') >= (known?.startTime ?? '')) last.set(workflow, execution);
    }
    return (name: string | undefined) => ({ stats: byName.get(name), last: last.get(name) });
  }, [stats.data, recent.data, live]);
}

const count = (stats: WorkflowStats | undefined, ...states: string[]) =>
  states.reduce((sum, state) => sum + toInt(stats?.executionsByState?.[state]), 0);

const columns: Column<Row>[] = [
  {
    id: 'title',
    title: 'Workflow',
    width: 'minmax(180px, 2fr)',
    narrowWidth: 'minmax(0, 1fr)',
    cell: ({ workflow }) => (
      <div className={css.name}>
        <Link
          to="/workflows/$workflowId"
          params={{ workflowId: idOf(workflow.name) }}
          className="truncate"
          tabIndex={-1}
        >
          {workflow.title || idOf(workflow.name)}
        </Link>
        <small className="mono truncate">{idOf(workflow.name)}</small>
      </div>
    ),
  },
  {
    id: 'labels',
    title: 'Labels',
    width: 'minmax(0, 1fr)',
    narrowWidth: null,
    cell: ({ workflow }) =>
      Object.entries(workflow.labels ?? {}).map(([key, value]) => (
        <Chip key={key} title={`${key}=${value}`}>
          {value}
        </Chip>
      )),
  },
  {
    id: 'version',
    title: 'Version',
    width: '96px',
    narrowWidth: null,
    cell: ({ workflow }) =>
      workflow.latestVersion ? (
        <span className="num">
          v{workflow.latestVersion}
          {workflow.draftChanged && (
            <span className={css.changed} title="The draft differs from the newest version">
              {' '}
              + draft
            </span>
          )}
        </span>
      ) : (
        <span className="dim">Draft</span>
      ),
  },
  {
    id: 'last',
    title: 'Last execution',
    width: '130px',
    narrowWidth: '112px',
    cell: ({ last, stats }) =>
      last ? (
        <ExecutionBadge state={last.state} />
      ) : (
        <span className="dim">
          <Ago time={stats?.lastStartTime} />
        </span>
      ),
  },
  {
    id: 'live',
    title: 'Running',
    width: '64px',
    narrowWidth: null,
    align: 'end',
    cell: ({ stats }) => (
      <Count value={count(stats, 'QUEUED', 'RUNNING', 'WAITING', 'PAUSED', 'COMPENSATING')} />
    ),
  },
  {
    id: 'completed',
    title: 'Completed',
    width: '76px',
    narrowWidth: null,
    align: 'end',
    cell: ({ stats }) => <Count value={count(stats, 'COMPLETED')} />,
  },
  {
    id: 'failed',
    title: 'Failed',
    width: '64px',
    narrowWidth: null,
    align: 'end',
    cell: ({ stats }) => <Count value={count(stats, 'FAILED', 'TIMED_OUT')} bad />,
  },
  {
    id: 'duration',
    title: 'Median',
    width: '80px',
    narrowWidth: null,
    align: 'end',
    cell: ({ stats }) => (
      <span className="num dim">{formatDuration(durationMs(stats?.durationP50))}</span>
    ),
  },
];

const Count = ({ value, bad }: { value: number; bad?: boolean }) => (
  <span className={`num ${value === 0 ? css.zero : bad ? css.bad : ''}`}>{formatCount(value)}</span>
);
