import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Check, CircleCheck, X } from 'lucide-react';
import { useState } from 'react';
import { decideApproval } from '@/api/operations';
import { asProblem } from '@/api/problem';
import { approvalsKey, approvalsQuery, queryClient } from '@/api/queries';
import type { Approval, Json } from '@/api/types';
import { type Field, initialValue, readField } from '@/form/field';
import { SchemaForm } from '@/form/schema-form';
import { atFields, validate } from '@/form/validate';
import { formatDateTime, idOf, shortId, timeMs } from '@/lib/format';
import { useCan } from '@/session/session';
import { Button, Chip, Empty, ProblemNotice, ProblemPage, TextArea } from '@/ui/basics';
import { Facts } from '@/ui/facts';
import { JsonView } from '@/ui/json/json-view';
import { PageBody, PageHead } from '@/ui/page';
import { SidePanel, Split } from '@/ui/side-panel';
import { Segments } from '@/ui/tabs';
import { Ago } from '@/ui/time';
import { toast } from '@/ui/toast';
import { type Column, VirtualTable } from '@/ui/virtual-table';
import css from './approvals.module.css';

const filters = {
  mine: 'state = "OPEN" AND assignee = "me"',
  open: 'state = "OPEN"',
  all: '',
};

/** What waits for somebody's decision. */
export default function ApprovalsPage() {
  const search = useSearch({ from: '/app/approvals' });
  const navigate = useNavigate({ from: '/approvals' });
  const show = search.show ?? 'mine';
  const list = useInfiniteQuery(approvalsQuery({ filter: filters[show] }));
  const rows = (list.data?.pages ?? []).flatMap((page) => page.items);
  const open = rows.find((one) => one.name === search.open);
  const change = (next: Partial<typeof search>) =>
    void navigate({ search: (old) => ({ ...old, ...next }), replace: true });
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
              open && (
                <ApprovalPanel
                  key={open.name}
                  approval={open}
                  onClose={() => change({ open: undefined })}
                />
              )
            }
          >
            <VirtualTable
              label="Approvals"
              columns={columns}
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
              empty={
                <Empty icon={CircleCheck} title="Nothing to decide">
                  Steps that ask somebody before they go on appear here.
                </Empty>
              }
            />
          </Split>
        )}
      </PageBody>
    </>
  );
}

const stateWords = {
  STATE_UNSPECIFIED: '',
  OPEN: 'Open',
  APPROVED: 'Approved',
  REJECTED: 'Rejected',
  CLOSED: 'Closed',
};

const columns: Column<Approval>[] = [
  {
    id: 'title',
    title: 'Asks',
    width: 'minmax(200px, 2fr)',
    cell: (row) => (
      <div className={css.title}>
        <strong className="truncate">{row.title}</strong>
        <small className="truncate dim">{idOf(row.workflow)}</small>
      </div>
    ),
  },
  {
    id: 'for',
    title: 'For',
    width: 'minmax(120px, 1fr)',
    cell: (row) =>
      row.approvers?.length ? (
        <span className="truncate">{row.approvers.join(', ')}</span>
      ) : (
        'anybody'
      ),
  },
  {
    id: 'state',
    title: 'State',
    width: '110px',
    cell: (row) => <Chip>{stateWords[row.state ?? 'STATE_UNSPECIFIED']}</Chip>,
  },
  { id: 'asked', title: 'Asked', width: '120px', cell: (row) => <Ago time={row.createTime} /> },
];

function ApprovalPanel({ approval, onClose }: { approval: Approval; onClose: () => void }) {
  return (
    <SidePanel
      title={approval.title ?? ''}
      subtitle={<span className="mono">{approval.step}</span>}
      label="Approval"
      onClose={onClose}
    >
      {approval.description && <p className={css.description}>{approval.description}</p>}
      <Facts
        rows={[
          ['State', stateWords[approval.state ?? 'STATE_UNSPECIFIED']],
          [
            'Execution',
            <Link
              key="execution"
              to="/executions/$executionId"
              params={{ executionId: idOf(approval.execution) }}
              search={{ node: approval.step?.split('#')[0] }}
            >
              {shortId(approval.execution ?? '')}
            </Link>,
          ],
          ['For', approval.approvers?.join(', ') || 'anybody'],
          [
            'Until',
            approval.expireTime ? formatDateTime(timeMs(approval.expireTime)) : undefined,
          ],
          ['Decided by', approval.decider || undefined],
          ['Comment', approval.comment || undefined],
        ]}
      />
      {approval.values !== undefined && <JsonView title="Values" value={approval.values} />}
      {approval.state === 'OPEN' && <DecisionForm approval={approval} onDone={onClose} />}
    </SidePanel>
  );
}

function DecisionForm({ approval, onDone }: { approval: Approval; onDone: () => void }) {
  const allowed = useCan('approvals.decide');
  const schema = approval.form;
  const [field] = useState(
    () => schema && ({ ...readField(schema, schema), required: true } as Field),
  );
  const [values, setValues] = useState<Json | undefined>(() => field && initialValue(field));
  const [errors, setErrors] = useState<ReadonlyMap<string, string>>(new Map());
  const [comment, setComment] = useState('');
  const decide = useMutation({
    mutationFn: (approve: boolean) =>
      decideApproval(approval.name ?? '', approve, {
        comment,
        ...(field && approve ? { values: values ?? {} } : {}),
      }),
    onSuccess: (answer) => {
      toast('done', answer.state === 'APPROVED' ? 'Approved' : 'Rejected');
      onDone();
    },
    onError: (error) => setErrors(atFields(asProblem(error).fields)),
    onSettled: () => queryClient.invalidateQueries({ queryKey: approvalsKey }),
  });
  const approve = () => {
    const found = schema ? validate(schema, values ?? {}) : new Map<string, string>();
    setErrors(found);
    if (found.size === 0) decide.mutate(true);
  };
  if (!approval.mine || !allowed) {
    return (
      <p className="dim">
        {approval.mine
          ? 'You lack the permission approvals.decide.'
          : 'Only those it is for may decide.'}
      </p>
    );
  }
  return (
    <section className={css.form} aria-label="Decision">
      {field && (
        <SchemaForm
          field={field}
          value={values}
          onChange={setValues}
          errors={errors}
          pointer=""
        />
      )}
      <label className={css.comment}>
        Comment
        <TextArea
          rows={3}
          maxLength={10000}
          value={comment}
          onChange={({ target }) => setComment(target.value)}
        />
      </label>
      {decide.error && <ProblemNotice error={decide.error} />}
      <div className={css.buttons}>
        <Button kind="danger" disabled={decide.isPending} onClick={() => decide.mutate(false)}>
          <X size={14} aria-hidden /> Reject
        </Button>
        <Button kind="primary" disabled={decide.isPending} onClick={approve}>
          <Check size={14} aria-hidden /> Approve
        </Button>
      </div>
    </section>
  );
}
