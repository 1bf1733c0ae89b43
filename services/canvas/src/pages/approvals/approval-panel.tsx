import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Check, X } from 'lucide-react';
import { type FormEvent, lazy, Suspense, useRef, useState } from 'react';
import { decideApproval } from '@/api/operations';
import { asProblem } from '@/api/problem';
import { approvalsKey, queryClient } from '@/api/queries';
import type { Approval, Json } from '@/api/types';
import { type Field, initialValue, readField } from '@/form/field';
import { SchemaForm } from '@/form/schema-form';
import { atFields, validate } from '@/form/validate';
import { formatAgo, formatDateTime, idOf, shortId, timeMs } from '@/lib/format';
import { useCan } from '@/session/session';
import { Button, ProblemNotice, TextArea } from '@/ui/basics';
import { Facts } from '@/ui/facts';
import { JsonView } from '@/ui/json/json-view';
import { useSlowNow } from '@/ui/now';
import { SidePanel } from '@/ui/side-panel';
import { ApprovalBadge } from '@/ui/state-badge';
import { toast } from '@/ui/toast';
import { Principal } from '@/ui/principal';
import css from './approvals.module.css';

const Markdown = lazy(() => import('@/ui/json/markdown'));

/** One approval with its form; stays where the decision was made, with what was decided. */
export function ApprovalPanel(props: { approval: Approval; onClose: () => void }) {
  const { approval, onClose } = props;
  const now = useSlowNow();
  const untilMs = timeMs(approval.expireTime);
  const open = approval.state === 'OPEN';
  return (
    <SidePanel
      title={approval.title ?? ''}
      subtitle={<span className="mono">{idOf(approval.workflow)}</span>}
      label="Approval"
      onClose={onClose}
    >
      {approval.description && (
        <Suspense fallback={<p className={css.description}>{approval.description}</p>}>
          <div className={css.description} data-markdown="">
            <Markdown text={approval.description} />
          </div>
        </Suspense>
      )}
      <Facts
        rows={[
          ['State', <ApprovalBadge key="state" state={approval.state} />],
          [
            'Step',
            <Link
              key="execution"
              className={css.link}
              to="/executions/$executionId"
              params={{ executionId: idOf(approval.execution) }}
              search={{ node: approval.step?.split('#')[0] }}
            >
              <span className="mono">{approval.step}</span> of execution{' '}
              <span className="mono">{shortId(approval.execution ?? '')}</span>
            </Link>,
          ],
          ['For', whom(approval)],
          [
            'Until',
            open &&
              untilMs !== undefined &&
              `${formatDateTime(untilMs)} (${formatAgo(untilMs, now)})`,
          ],
          ['Decided by', approval.decider && <Principal name={approval.decider} />],
          ['Decided', !open && approval.endTime && formatDateTime(timeMs(approval.endTime))],
          [
            'Comment',
            approval.comment && <span className={css.comment}>{approval.comment}</span>,
          ],
        ]}
      />
      {approval.values !== undefined && approval.values !== null && (
        <JsonView title="Values" value={approval.values} />
      )}
      {open && <Decision approval={approval} />}
    </SidePanel>
  );
}

export const whom = ({ approvers }: Approval) =>
  approvers?.length ? approvers.map(inWords).join(', ') : 'Anybody who may decide';

/** "role:lead" -> "the role lead", "user:ann@example.com" -> "ann@example.com" */
const inWords = (approver: string) =>
  approver.replace(/^(role|group):/, 'the $1 ').replace(/^user:/, '');

function Decision({ approval }: { approval: Approval }) {
  const allowed = useCan('approvals.decide');
  if (allowed && approval.mine) return <DecisionForm approval={approval} />;
  return (
    <p className={css.notYours}>
      {allowed
        ? `This one is for ${whom(approval)}; you are not one of them.`
        : 'You lack the permission approvals.decide. An administrator of the tenant can grant it.'}
    </p>
  );
}

function DecisionForm({ approval }: { approval: Approval }) {
  const schema = approval.form;
  const [field] = useState(
    () => schema && ({ ...readField(schema, schema), required: true } as Field),
  );
  const [values, setValues] = useState<Json | undefined>(() => field && initialValue(field));
  const [errors, setErrors] = useState<ReadonlyMap<string, string>>(new Map());
  const [comment, setComment] = useState('');
  const form = useRef<HTMLFormElement>(null);
  const show = (found: ReadonlyMap<string, string>) => {
    setErrors(found);
    requestAnimationFrame(() =>
      form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(),
    );
  };
  const decide = useMutation({
    mutationFn: (approve: boolean) =>
      decideApproval(approval.name ?? '', approve, {
        comment,
        ...(field && approve ? { values: values ?? {} } : {}),
      }),
    onSuccess: (answer) => toast('done', answer.state === 'APPROVED' ? 'Approved' : 'Rejected'),
    onError: (error) => show(atFields(asProblem(error).fields)),
    // Whoever decided meanwhile: what became of it is shown.
    onSettled: () => queryClient.invalidateQueries({ queryKey: approvalsKey }),
  });
  const approve = (event: FormEvent) => {
    event.preventDefault();
    const unreadable = form.current?.querySelector<HTMLElement>('textarea:invalid');
    if (unreadable) {
      unreadable.focus();
      return;
    }
    const found = schema ? validate(schema, values ?? {}) : new Map<string, string>();
    if (found.size > 0) show(found);
    else decide.mutate(true);
  };
  return (
    <form ref={form} className={css.form} aria-label="Decision" noValidate onSubmit={approve}>
      {field && (
        <SchemaForm
          field={field}
          value={values}
          onChange={setValues}
          errors={errors}
          pointer=""
        />
      )}
      <label className={css.field}>
        <span>
          Comment <span className={css.optional}>optional</span>
        </span>
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
        <Button kind="primary" type="submit" disabled={decide.isPending}>
          <Check size={14} aria-hidden /> Approve
        </Button>
      </div>
    </form>
  );
}
