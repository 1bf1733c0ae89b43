import { ScrollText } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { ExecutionEvent } from '@/api/types';
import { formatClock, timeMs } from '@/lib/format';
import type { Run } from '@/run/use-run';
import { Empty, ProblemNotice, ProblemPage } from '@/ui/basics';
import { Dialog } from '@/ui/dialog';
import { JsonView } from '@/ui/json/json-view';
import { type Column, VirtualTable } from '@/ui/virtual-table';
import { Principal } from '@/ui/principal';
import css from './execution.module.css';
import { useJournal } from './use-journal';

interface JournalProps {
  name: string;
  run: Run;
  onNode: (node: string, iteration?: string) => void;
}

/** Every event of the execution, as it was recorded. */
export function Journal({ name, run, onNode }: JournalProps) {
  const { events, error, pull } = useJournal(name, run);
  const [open, setOpen] = useState<ExecutionEvent>();
  const columns = useMemo(() => columnsOf(onNode), [onNode]);
  if (error && !events) return <ProblemPage error={error} onRetry={() => void pull()} />;
  return (
    <>
      <VirtualTable
        label="Journal"
        columns={columns}
        rows={events ?? []}
        rowHeight={34}
        rowKey={(event) => String(event.sequence)}
        loading={!events}
        onOpen={setOpen}
        foot={error ? <ProblemNotice error={error} onRetry={() => void pull()} /> : undefined}
        empty={<Empty icon={ScrollText} title="The journal is empty" />}
      />
      {open && (
        <Dialog title={`${open.type} #${open.sequence}`} onClose={() => setOpen(undefined)}>
          <JsonView title="Event" value={JSON.parse(JSON.stringify(open))} />
        </Dialog>
      )}
    </>
  );
}

const columnsOf = (onNode: JournalProps['onNode']): Column<ExecutionEvent>[] => [
  {
    id: 'sequence',
    title: '#',
    width: '44px',
    narrowWidth: '32px',
    align: 'end',
    cell: (event) => <span className="num dim">{event.sequence}</span>,
  },
  {
    id: 'time',
    title: 'Time',
    width: '104px',
    narrowWidth: null,
    cell: (event) => <span className="num dim">{formatClock(timeMs(event.time))}</span>,
  },
  {
    id: 'type',
    title: 'Event',
    width: 'minmax(168px, 1fr)',
    cell: (event) => <span className={css.type}>{event.type}</span>,
  },
  {
    id: 'node',
    title: 'Node',
    width: 'minmax(100px, 1fr)',
    narrowWidth: 'minmax(0, 1fr)',
    cell: (event) =>
      event.node ? (
        <button
          type="button"
          className={css.nodeLink}
          onClick={() => onNode(event.node ?? '', event.iteration || undefined)}
        >
          {event.node}
          {event.iteration && `#${event.iteration}`}
        </button>
      ) : (
        ''
      ),
  },
  {
    id: 'attempt',
    title: 'Attempt',
    width: '56px',
    narrowWidth: null,
    align: 'end',
    cell: (event) => <span className="num dim">{event.attempt || ''}</span>,
  },
  {
    id: 'detail',
    title: 'Detail',
    width: 'minmax(120px, 2fr)',
    narrowWidth: null,
    cell: (event) => (
      <span className={css.detail}>
        {event.principal && (
          <>
            <Principal name={event.principal} />{' '}
          </>
        )}
        {event.detail ? JSON.stringify(event.detail) : ''}
      </span>
    ),
  },
];
