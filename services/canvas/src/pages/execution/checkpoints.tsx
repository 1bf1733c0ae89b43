import { useInfiniteQuery } from '@tanstack/react-query';
import { Flag, GitFork } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { useStore } from 'zustand';
import { checkpointsQuery } from '@/api/queries';
import type { Checkpoint, Execution, Step } from '@/api/types';
import { formatClock, timeMs, toInt } from '@/lib/format';
import type { Run } from '@/run/use-run';
import { useCan } from '@/session/session';
import { Button, Empty, ProblemNotice, ProblemPage } from '@/ui/basics';
import { type Column, VirtualTable } from '@/ui/virtual-table';
import { keyOf } from './command';
import { inWords } from './event-words';
import css from './execution.module.css';
import { ForkDialog } from './fork-dialog';

interface CheckpointsProps {
  name: string;
  run: Run;
  execution: Execution;
  onNode: (node: string, iteration?: string) => void;
}

/** Where the execution can be forked, oldest first. */
export function Checkpoints({ name, run, execution, onNode }: CheckpointsProps) {
  const list = useInfiniteQuery(checkpointsQuery(name));
  const rows = useMemo(() => (list.data?.pages ?? []).flatMap((page) => page.items), [list.data]);
  const allowed = useCan('executions.fork');
  const [chosen, setChosen] = useState<Checkpoint>();
  const steps = useStore(run.store, (state) => state.steps);
  const revision = useStore(run.store, (state) => state.revision);
  const { refetch } = list;
  // Checkpoints come with steps that end.
  useEffect(() => {
    const timer = setTimeout(() => void refetch(), 700);
    return () => clearTimeout(timer);
  }, [revision, refetch]);
  const columns = useMemo(
    () => columnsOf(onNode, allowed, setChosen),
    [onNode, allowed],
  );
  if (list.error && rows.length === 0) {
    return <ProblemPage error={list.error} onRetry={() => void refetch()} />;
  }
  return (
    <>
      <VirtualTable
        label="Checkpoints"
        columns={columns}
        rows={rows}
        rowHeight={38}
        rowKey={(row) => String(row.sequence)}
        loading={list.isPending}
        onMore={
          list.hasNextPage && !list.isFetchingNextPage ? () => void list.fetchNextPage() : undefined
        }
        foot={
          list.error ? (
            <ProblemNotice error={list.error} onRetry={() => void list.fetchNextPage()} />
          ) : undefined
        }
        empty={
          <Empty icon={Flag} title="No checkpoints yet">
            There is one after each step that ends; a fork can begin at any of them.
          </Empty>
        }
      />
      {chosen && (
        <ForkDialog
          name={name}
          execution={execution}
          at={{ checkpoint: String(chosen.sequence), what: whatOf(chosen) }}
          before={completedBy([...steps.values()].map((held) => held.value), rows, chosen)}
          close={() => setChosen(undefined)}
        />
      )}
    </>
  );
}

/** Steps that had completed at a checkpoint, which is one of `rows`: the fork keeps their outputs. */
export function completedBy(steps: Step[], rows: Checkpoint[], chosen: Checkpoint): Step[] {
  const kept = new Set(
    rows
      .filter((row) => toInt(row.sequence) <= toInt(chosen.sequence))
      .filter((row) => row.what === 'StepCompleted')
      .map((row) => row.step),
  );
  return steps.filter((step) => kept.has(keyOf(step)));
}

const whatOf = ({ what, step }: Checkpoint) => (step ? `${inWords(what)}: ${step}` : inWords(what));

const columnsOf = (
  onNode: CheckpointsProps['onNode'],
  allowed: boolean,
  fork: (checkpoint: Checkpoint) => void,
): Column<Checkpoint>[] => [
  {
    id: 'sequence',
    title: '#',
    width: '52px',
    narrowWidth: '36px',
    align: 'end',
    cell: (row) => <span className="num dim">{row.sequence}</span>,
  },
  {
    id: 'time',
    title: 'Time',
    width: '104px',
    narrowWidth: null,
    cell: (row) => <span className="num dim">{formatClock(timeMs(row.time))}</span>,
  },
  {
    id: 'what',
    title: 'What had happened',
    width: 'minmax(140px, 1fr)',
    narrowWidth: 'minmax(118px, 1fr)',
    cell: (row) => <span className="truncate">{inWords(row.what)}</span>,
  },
  {
    id: 'step',
    title: 'Step',
    width: 'minmax(120px, 2fr)',
    narrowWidth: 'minmax(0, 1fr)',
    cell: (row) => {
      const [node = '', iteration] = (row.step ?? '').split('#');
      return (
        node && (
          <button type="button" className={css.nodeLink} onClick={() => onNode(node, iteration)}>
            {row.step}
          </button>
        )
      );
    },
  },
  {
    id: 'fork',
    title: '',
    width: '84px',
    narrowWidth: '84px',
    align: 'end',
    cell: (row) => (
      <Button
        size="small"
        disabled={!allowed}
        title={allowed ? undefined : 'You lack the permission executions.fork'}
        aria-label={`Fork from checkpoint ${row.sequence}`}
        onClick={() => fork(row)}
      >
        <GitFork size={13} aria-hidden /> Fork
      </Button>
    ),
  },
];
