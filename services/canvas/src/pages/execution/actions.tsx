import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Ban, Pause, Play, Radio, RotateCcw } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import * as operations from '@/api/operations';
import type { Execution, Json, Step, StepDecision } from '@/api/types';
import { RawJson } from '@/form/schema-form';
import { idOf } from '@/lib/format';
import { randomId } from '@/lib/random';
import { isOver } from '@/run/states';
import type { Run } from '@/run/use-run';
import { useCan } from '@/session/session';
import { Button, Input, ProblemNotice, Select } from '@/ui/basics';
import { Dialog } from '@/ui/dialog';
import { toast } from '@/ui/toast';
import css from './execution.module.css';

interface ActionProps {
  name: string;
  execution: Execution;
  run: Run;
}

/** What people may do to this execution now. */
export function ExecutionActions(props: ActionProps) {
  const { state } = props.execution;
  if (isOver(state)) return state === 'COMPLETED' ? null : <Retry {...props} />;
  return (
    <>
      {state === 'PAUSED' ? <Resume {...props} /> : <PauseAction {...props} />}
      <Signal {...props} />
      <Cancel {...props} />
    </>
  );
}

/** A button that asks before it acts; disabled with the reason where it is not allowed. */
function Action(props: {
  permission: string;
  label: string;
  icon: ReactNode;
  kind?: 'danger';
  children: (close: () => void) => ReactNode;
}) {
  const allowed = useCan(props.permission);
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button
        kind={props.kind}
        disabled={!allowed}
        title={allowed ? undefined : `You lack the permission ${props.permission}`}
        onClick={() => setOpen(true)}
      >
        {props.icon} {props.label}
      </Button>
      {open && props.children(() => setOpen(false))}
    </>
  );
}

/** The common way of a command: its answer is what is shown next. */
function useCommand({ run }: ActionProps, close: () => void, done: string) {
  return useMutation({
    mutationFn: (send: () => Promise<Execution>) => send(),
    onSuccess: (answer) => {
      run.store.readExecution(answer, Date.now());
      run.refetch();
      toast('done', done);
      close();
    },
  });
}

function Ask(props: {
  title: string;
  close: () => void;
  command: { isPending: boolean; error: unknown };
  act: string;
  ready?: boolean;
  onAct: () => void;
  children: ReactNode;
}) {
  return (
    <Dialog
      title={props.title}
      onClose={props.close}
      foot={
        <>
          <Button onClick={props.close}>Close</Button>
          <Button
            kind="primary"
            disabled={props.command.isPending || props.ready === false}
            onClick={props.onAct}
          >
            {props.act}
          </Button>
        </>
      }
    >
      <div className={css.ask}>
        {props.children}
        {props.command.error != null && <ProblemNotice error={props.command.error} />}
      </div>
    </Dialog>
  );
}

function Cause({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <label className={css.field}>
      Why (kept in the journal)
      <Input value={value} maxLength={1000} onChange={({ target }) => onChange(target.value)} />
    </label>
  );
}

function Cancel(props: ActionProps) {
  return (
    <Action
      permission="executions.cancel"
      label="Cancel"
      kind="danger"
      icon={<Ban size={14} aria-hidden />}
    >
      {(close) => <CancelDialog {...props} close={close} />}
    </Action>
  );
}

function CancelDialog(props: ActionProps & { close: () => void }) {
  const [cause, setCause] = useState('');
  const [compensate, setCompensate] = useState(false);
  const command = useCommand(props, props.close, 'The execution is being canceled');
  return (
    <Ask
      title="Cancel this execution?"
      close={props.close}
      command={command}
      act="Cancel the execution"
      onAct={() =>
        command.mutate(() =>
          operations.cancelExecution(props.name, cause || 'Canceled in the canvas', compensate),
        )
      }
    >
      <p>
        Its open steps become canceled and their workers are told to stop. This cannot be undone.
      </p>
      <label className={css.check}>
        <input
          type="checkbox"
          checked={compensate}
          onChange={({ target }) => setCompensate(target.checked)}
        />
        Undo completed steps first, the last one first, by their compensations
      </label>
      <Cause value={cause} onChange={setCause} />
    </Ask>
  );
}

function PauseAction(props: ActionProps) {
  return (
    <Action
      permission="executions.pause"
      label="Pause"
      icon={<Pause size={14} aria-hidden />}
    >
      {(close) => <PauseDialog {...props} close={close} />}
    </Action>
  );
}

function PauseDialog(props: ActionProps & { close: () => void }) {
  const [cause, setCause] = useState('');
  const command = useCommand(props, props.close, 'The execution is paused');
  return (
    <Ask
      title="Pause this execution?"
      close={props.close}
      command={command}
      act="Pause"
      onAct={() => command.mutate(() => operations.pauseExecution(props.name, cause))}
    >
      <p>No new step begins until it is resumed. What is under way goes on and counts.</p>
      <Cause value={cause} onChange={setCause} />
    </Ask>
  );
}

function Resume(props: ActionProps) {
  return (
    <Action
      permission="executions.resume"
      label="Resume"
      icon={<Play size={14} aria-hidden />}
    >
      {(close) => <ResumeDialog {...props} close={close} />}
    </Action>
  );
}

/** As they are now, with what they wait for, which the stream does not tell. */
const useSteps = (name: string) =>
  useQuery({ queryKey: ['stepWaits', name], queryFn: () => operations.listSteps(name), staleTime: 0 })
    .data;

/** As the engine names it: "pay", "outer.inner#2.5". */
const keyOf = (step: Step) =>
  step.iteration ? `${step.node}#${step.iteration}` : (step.node ?? '');

function ResumeDialog(props: ActionProps & { close: () => void }) {
  const held = (useSteps(props.name) ?? []).filter((step) => step.wait?.kind === 'DECISION');
  const [decisions, setDecisions] = useState<Record<string, StepDecision>>({});
  const command = useCommand(props, props.close, 'The execution goes on');
  return (
    <Ask
      title="Resume this execution?"
      close={props.close}
      command={command}
      act="Resume"
      onAct={() => command.mutate(() => operations.resumeExecution(props.name, decisions))}
    >
      {held.length === 0 && <p>Steps begin again where they stopped.</p>}
      {held.map((step) => {
        const key = keyOf(step);
        const decision = decisions[key] ?? { action: 'RETRY' as const };
        const change = (next: StepDecision) => setDecisions((old) => ({ ...old, [key]: next }));
        return (
          <fieldset key={key} className={css.held}>
            <legend className="mono">{key}</legend>
            <p>{step.error?.message}</p>
            <Select
              aria-label={`What becomes of ${key}`}
              value={decision.action}
              onChange={({ target }) =>
                change({ action: target.value as NonNullable<StepDecision['action']> })
              }
            >
              <option value="RETRY">Try it again, with all its attempts</option>
              <option value="FAIL">Let it fail</option>
              <option value="COMPLETE">Go on as if it had completed with…</option>
            </Select>
            {decision.action === 'COMPLETE' && (
              <RawJson
                value={decision.output ?? null}
                onChange={(output) => change({ ...decision, output: output ?? null })}
              />
            )}
          </fieldset>
        );
      })}
    </Ask>
  );
}

function Signal(props: ActionProps) {
  return (
    <Action
      permission="executions.signal"
      label="Signal"
      icon={<Radio size={14} aria-hidden />}
    >
      {(close) => <SignalDialog {...props} close={close} />}
    </Action>
  );
}

function SignalDialog(props: ActionProps & { close: () => void }) {
  const awaited = (useSteps(props.name) ?? []).flatMap((step) => step.wait?.signal || []);
  const [typed, setSignal] = useState<string>();
  const signal = typed ?? awaited[0] ?? '';
  const [payload, setPayload] = useState<Json | undefined>({});
  const [requestId] = useState(randomId);
  const command = useCommand(props, props.close, `The signal ${signal} was sent`);
  return (
    <Ask
      title="Send a signal"
      close={props.close}
      command={command}
      act="Send"
      ready={signal !== ''}
      onAct={() =>
        command.mutate(() =>
          operations.signalExecution(props.name, { signal, payload, requestId }),
        )
      }
    >
      <label className={css.field}>
        Name
        <Input
          value={signal}
          list="awaited-signals"
          maxLength={128}
          onChange={({ target }) => setSignal(target.value)}
        />
        <datalist id="awaited-signals">
          {awaited.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      </label>
      <RawJson value={payload} onChange={setPayload} />
      <p className="dim">It is kept until a step takes it.</p>
    </Ask>
  );
}

/** Starting a new execution from this one, and going there. */
function useNewExecution() {
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (send: () => Promise<Execution>) => send(),
    onSuccess: (made) =>
      navigate({ to: '/executions/$executionId', params: { executionId: idOf(made.name) } }),
  });
}

function Retry(props: ActionProps) {
  return (
    <Action
      permission="executions.retry"
      label="Retry"
      icon={<RotateCcw size={14} aria-hidden />}
    >
      {(close) => <RetryDialog {...props} close={close} />}
    </Action>
  );
}

function RetryDialog(props: ActionProps & { close: () => void }) {
  const [requestId] = useState(randomId);
  const command = useNewExecution();
  return (
    <Ask
      title="Retry from where it went wrong?"
      close={props.close}
      command={command}
      act="Start the retry"
      onAct={() => command.mutate(() => operations.retryExecution(props.name, requestId))}
    >
      <p>
        A new execution keeps the results before the failure and does the rest again, with all its
        effects. This one stays as it is.
      </p>
    </Ask>
  );
}

/** A fork that begins with a step, with other outputs before it where they are wanted. */
export function ForkDialog(props: {
  name: string;
  step: Step;
  before: Step[];
  close: () => void;
}) {
  const [edited, setEdited] = useState('');
  const [outputs, setOutputs] = useState<Record<string, Json>>({});
  const [requestId] = useState(randomId);
  const command = useNewExecution();
  const chosen = props.before.find((one) => keyOf(one) === edited);
  return (
    <Ask
      title={`Fork from ${keyOf(props.step)}`}
      close={props.close}
      command={command}
      act="Start the fork"
      onAct={() =>
        command.mutate(() =>
          operations.forkExecution(props.name, { step: keyOf(props.step), outputs, requestId }),
        )
      }
    >
      <p>
        A new execution keeps what came before this step and goes on from here. This one stays as
        it is.
      </p>
      {props.before.length > 0 && (
        <label className={css.field}>
          Change the output of
          <Select value={edited} onChange={({ target }) => setEdited(target.value)}>
            <option value="">No step</option>
            {props.before.map((one) => (
              <option key={keyOf(one)} value={keyOf(one)}>
                {keyOf(one)}
                {keyOf(one) in outputs ? ' (changed)' : ''}
              </option>
            ))}
          </Select>
        </label>
      )}
      {chosen && (
        <RawJson
          key={edited}
          value={outputs[edited] ?? chosen.output ?? null}
          onChange={(value) => setOutputs((old) => ({ ...old, [edited]: value ?? null }))}
        />
      )}
    </Ask>
  );
}
