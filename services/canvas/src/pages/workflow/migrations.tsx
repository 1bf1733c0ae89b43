import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Route } from 'lucide-react';
import { useState } from 'react';
import { migrationQuery, migrationsQuery } from '@/api/queries';
import type { Migration } from '@/api/types';
import { formatDateTime, timeMs, toInt } from '@/lib/format';
import { Chip, Empty, ProblemNotice, ProblemPage } from '@/ui/basics';
import { Facts } from '@/ui/facts';
import { SidePanel, Split } from '@/ui/side-panel';
import { Ago } from '@/ui/time';
import { type Column, VirtualTable } from '@/ui/virtual-table';
import { Principal } from '@/ui/principal';
import { MigrationReport } from './migration-report';

/** Previews and migrations of a workflow, newest first. */
export function Migrations({ name }: { name: string }) {
  const list = useInfiniteQuery(migrationsQuery(name));
  const rows = (list.data?.pages ?? []).flatMap((page) => page.items);
  const [open, setOpen] = useState<string>();
  const opened = rows.find((row) => row.name === open);
  if (list.error && !list.data) return <ProblemPage error={list.error} onRetry={list.refetch} />;
  return (
    <Split
      panel={
        opened && (
          <MigrationPanel key={open} migration={opened} onClose={() => setOpen(undefined)} />
        )
      }
    >
      <VirtualTable
        label="Migrations"
        columns={columns}
        rows={rows}
        rowKey={(row) => row.name ?? ''}
        loading={list.isPending}
        onOpen={(row) => setOpen(row.name)}
        onMore={
          list.hasNextPage && !list.isFetchingNextPage ? () => void list.fetchNextPage() : undefined
        }
        foot={
          list.error ? (
            <ProblemNotice error={list.error} onRetry={() => void list.refetch()} />
          ) : undefined
        }
        empty={
          <Empty icon={Route} title="No migrations yet">
            A migration moves executions that are under way to another version of this workflow. A
            preview says first what would become of each.
          </Empty>
        }
      />
    </Split>
  );
}

function MigrationPanel(props: { migration: Migration; onClose: () => void }) {
  const name = props.migration.name ?? '';
  const { data } = useQuery({ ...migrationQuery(name), initialData: props.migration });
  const mapping = Object.entries(data.mapping ?? {});
  return (
    <SidePanel
      title={`${data.validateOnly ? 'Preview' : 'Migration'} ${versionsOf(data)}`}
      label="Migration"
      onClose={props.onClose}
    >
      <MigrationReport migration={data} />
      <Facts
        rows={[
          [
            'Mapping',
            mapping.length > 0
              ? mapping.map(([from, to]) => (
                  <div key={from} className="mono">
                    {from} → {to}
                  </div>
                ))
              : 'Each node keeps its path',
          ],
          ['Began', formatDateTime(timeMs(data.createTime))],
          ['Ended', data.endTime && formatDateTime(timeMs(data.endTime))],
          ['By', data.creator && <Principal name={data.creator} />],
        ]}
      />
    </SidePanel>
  );
}

const versionsOf = (row: Migration) => `v${row.fromVersion} → v${row.toVersion}`;

const columns: Column<Migration>[] = [
  {
    id: 'versions',
    title: 'Versions',
    width: '110px',
    narrowWidth: '84px',
    cell: (row) => <span className="num">{versionsOf(row)}</span>,
  },
  {
    id: 'kind',
    title: 'Kind',
    width: '130px',
    narrowWidth: '96px',
    cell: (row) => (
      <Chip>
        {row.validateOnly ? 'Preview' : 'Migration'}
        {row.state === 'RUNNING' ? ' …' : ''}
      </Chip>
    ),
  },
  {
    id: 'migrated',
    title: 'Executions',
    width: 'minmax(110px, 1fr)',
    narrowWidth: 'minmax(0, 1fr)',
    align: 'end',
    cell: (row) => <span className="num">{toInt(row.migratedCount)}</span>,
  },
  {
    id: 'refused',
    title: 'Refused',
    width: 'minmax(80px, 1fr)',
    narrowWidth: null,
    align: 'end',
    cell: (row) => <span className="num">{toInt(row.refusedCount)}</span>,
  },
  {
    id: 'creator',
    title: 'By',
    width: 'minmax(120px, 1fr)',
    narrowWidth: null,
    cell: (row) => row.creator && <Principal name={row.creator} />,
  },
  {
    id: 'begun',
    title: 'Began',
    width: '110px',
    narrowWidth: '84px',
    align: 'end',
    cell: (row) => (
      <span className="dim">
        <Ago time={row.createTime} />
      </span>
    ),
  },
];
