import { ScrollText } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { ExecutionEvent } from '@/api/types';
import { formatClock, formatDateTime, timeMs } from '@/lib/format';
import type { Run } from '@/run/use-run';
import { Empty, ProblemNotice, ProblemPage } from '@/ui/basics';
import { Dialog } from '@/ui/dialog';
import { Facts } from '@/ui/facts';
import { JsonView } from '@/ui/json/json-view';
import { type Column, VirtualTable } from '@/ui/virtual-table';
import { Principal } from '@/ui/principal';
import { keyOf } from './command';
import { detailOf, eventInWords } from './event-words';
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
      {open && <EventDialog event={open} onClose={() => setOpen(undefined)} />}
    </>
  );
}

/** All of one event, by the names that the API gives. */
function EventDialog({ event, onClose }: { event: ExecutionEvent; onClose: () => void }) {
  return (
    <Dialog title={`${eventInWords(event)} #${event.sequence}`} onClose={onClose}>
      <div className={css.event}>
        <Facts
          rows={[
            ['Time', `${formatDateTime(timeMs(event.time))} (${formatClock(timeMs(event.time))})`],
            ['Step', event.node && <span key="step" className="mono">{keyOf(event)}</span>],
            ['Attempt', event.attempt || undefined],
            ['By', event.principal && <Principal key="by" name={event.principal} />],
            ['Type', <span key="type" className="mono">{event.type}</span>],
          ]}
        />
        {event.detail && (
          <JsonView title="Detail" value={JSON.parse(JSON.stringify(event.detail))} />
        )}
      </div>
    </Dialog>
  );
}

function Detail({ event }: { event: ExecutionEvent }) {
  const parts = detailOf(event);
  return (
    <span className={css.detail} title={parts.map((part) => part.value).join(' ')}>
      {event.principal && <Principal name={event.principal} />}
      {parts.map((part, index) => (
        <span key={index}>
          {part.name && <small>{part.name} </small>}
          <span className={part.mono ? 'mono' : undefined}>{part.value}</span>
        </span>
      ))}
    </span>
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
    cell: (event) => (
      <span className={css.type} title={event.type}>
        {eventInWords(event)}
      </span>
    ),
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
          title={keyOf(event)}
          onClick={() => onNode(event.node ?? '', event.iteration || undefined)}
        >
          {keyOf(event)}
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
    cell: (event) => <Detail event={event} />,
  },
];
