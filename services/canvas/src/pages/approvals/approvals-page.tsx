import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { CircleCheck } from 'lucide-react';
import { approvalQuery, approvalsQuery } from '@/api/queries';
import type { Approval } from '@/api/types';
import { idOf } from '@/lib/format';
import { Button, Empty, ProblemNotice, ProblemPage, Skeleton } from '@/ui/basics';
import { PageBody, PageHead } from '@/ui/page';
import { SidePanel, Split } from '@/ui/side-panel';
import { ApprovalBadge } from '@/ui/state-badge';
import { Segments } from '@/ui/tabs';
import { Ago } from '@/ui/time';
import { type Column, VirtualTable } from '@/ui/virtual-table';
import { Principal } from '@/ui/principal';
import { ApprovalPanel, whom } from './approval-panel';
import css from './approvals.module.css';
import { approvalFilters } from './filters';
import { useLiveApprovals } from './use-live-approvals';

/** What waits for somebody's decision. */
export default function ApprovalsPage() {
  const search = useSearch({ from: '/app/approvals' });
  const navigate = useNavigate({ from: '/approvals' });
  const show = search.show ?? 'mine';
  const filter = approvalFilters[show];
  const list = useInfiniteQuery(approvalsQuery(filter ? { filter } : {}));
  useLiveApprovals();
  const rows = (list.data?.pages ?? []).flatMap((page) => page.items);
  const change = (next: Partial<typeof search>) =>
    void navigate({ search: (old) => ({ ...old, ...next }), replace: true });
  const close = () => change({ open: undefined });
  return (
    <>
      <PageHead
        title="Approvals"
        actions={
          <Segments
            label="Which approvals"
            items={[
              { id: 'mine', label: 'For me' },
              { id: 'open', label: 'Open' },
              { id: 'all', label: 'All' },
            ]}
            selected={show}
            onSelect={(next) => change({ show: next, open: undefined })}
          />
        }
      />
      <PageBody>
        {list.error && !list.data ? (
          <ProblemPage error={list.error} onRetry={list.refetch} />
        ) : (
          <Split
            panel={
              search.open && (
                <Opened
                  key={search.open}
                  name={search.open}
                  known={rows.find((one) => one.name === search.open)}
                  onClose={close}
                />
              )
            }
          >
            <VirtualTable
              label="Approvals"
              columns={show === 'all' ? columns : openColumns}
              rows={rows}
              rowHeight={52}
              rowKey={(row) => row.name ?? ''}
              loading={list.isPending}
              onOpen={(row) => change({ open: row.name })}
              onMore={
                list.hasNextPage && !list.isFetchingNextPage
                  ? () => void list.fetchNextPage()
                  : undefined
              }
              foot={
                list.error ? (
                  <ProblemNotice error={list.error} onRetry={() => void list.refetch()} />
                ) : undefined
              }
              empty={<NothingToDecide show={show} onAll={() => change({ show: 'all' })} />}
            />
          </Split>
        )}
      </PageBody>
    </>
  );
}

/** Read by its name: the list leaves it out once it is decided, and the decision is worth seeing. */
function Opened(props: { name: string; known: Approval | undefined; onClose: () => void }) {
  const { data, error, refetch } = useQuery(approvalQuery(props.name));
  const approval = data ?? props.known;
  if (approval) return <ApprovalPanel approval={approval} onClose={props.onClose} />;
  return (
    <SidePanel title="Approval" label="Approval" onClose={props.onClose}>
      {error ? <ProblemPage error={error} onRetry={refetch} /> : <Skeleton width="70%" />}
    </SidePanel>
  );
}

function NothingToDecide({ show, onAll }: { show: 'mine' | 'open' | 'all'; onAll: () => void }) {
  return (
    <Empty
      icon={CircleCheck}
      title={
        { mine: 'Nothing waits for you', open: 'Nothing is open', all: 'No approvals yet' }[show]
      }
      action={show !== 'all' && <Button onClick={onAll}>Show decided ones</Button>}
    >
      Steps that ask somebody before they go on (<span className="mono">flow.approval</span>) appear
      here at once.
    </Empty>
  );
}

const columns: Column<Approval>[] = [
  {
    id: 'state',
    title: 'State',
    width: '120px',
    narrowWidth: '106px',
    cell: (row) => <ApprovalBadge state={row.state} />,
  },
  {
    id: 'title',
    title: 'Asks',
    width: 'minmax(200px, 2fr)',
    narrowWidth: 'minmax(0, 1fr)',
    cell: (row) => (
      <div className={css.title}>
        <strong className="truncate" title={row.title}>
          {row.title}
        </strong>
        <small className="truncate dim">{idOf(row.workflow)}</small>
      </div>
    ),
  },
  {
    id: 'for',
    title: 'For',
    width: 'minmax(120px, 1fr)',
    narrowWidth: null,
    cell: (row) => <span className="truncate">{whom(row)}</span>,
  },
  {
    id: 'decider',
    title: 'Decided by',
    width: 'minmax(100px, 1fr)',
    narrowWidth: null,
    cell: (row) => row.decider && <Principal name={row.decider} />,
  },
  {
    id: 'asked',
    title: 'Asked',
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

/** Nobody has decided yet. */
const openColumns = columns.filter((column) => column.id !== 'decider');
