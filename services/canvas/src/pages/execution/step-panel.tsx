import { Link } from '@tanstack/react-router';
import { CircleDashed, GitFork } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { useStore } from 'zustand';
import type { Step } from '@/api/types';
import { formatClock, formatDateTime, idOf, shortId, timeMs } from '@/lib/format';
import { stepLook } from '@/run/states';
import { type Run, useStepsOf } from '@/run/use-run';
import { useCan } from '@/session/session';
import { Button, Empty, Select } from '@/ui/basics';
import { Facts } from '@/ui/facts';
import { JsonView } from '@/ui/json/json-view';
import { SidePanel } from '@/ui/side-panel';
import { StepBadge } from '@/ui/state-badge';
import { Duration } from '@/ui/time';
import { ForkDialog } from './actions';
import { ErrorBox } from './error-box';
import css from './execution.module.css';

interface StepPanelProps {
  name: string;
  run: Run;
  node: string;
  title: string;
  iteration: string | undefined;
  onIteration: (iteration: string) => void;
  onClose: () => void;
  /** Beneath the step whose key it is given. */
  foot: (step: string) => ReactNode;
}

/** What went into a step, what came out, and what went wrong on the way. */
export function StepPanel(props: StepPanelProps) {
  const { name, run, node, title, iteration, onIteration, onClose } = props;
  const steps = useStepsOf(run.store, node);
  const step = steps.find((one) => (one.iteration ?? '') === iteration) ?? interesting(steps);
  useFreshPayloads(run, step);
  return (
    <SidePanel
      title={title}
      subtitle={<span className="mono">{node}</span>}
      label="Step"
      onClose={onClose}
      foot={props.foot(stepKey(node, step?.iteration))}
    >
      {steps.length > 1 && (
        <label className={css.iterations}>
          Iteration
          <Select
            value={step?.iteration ?? ''}
            onChange={({ target }) => onIteration(target.value)}
          >
            {steps.map((one) => (
              <option key={one.iteration} value={one.iteration ?? ''}>
                {one.iteration || 'itself'} · {stepLook(one.state).label}
              </option>
            ))}
          </Select>
        </label>
      )}
      {step ? (
        <>
          <StepDetails step={step} />
          <Fork name={name} run={run} step={step} />
        </>
      ) : (
        <Empty icon={CircleDashed} title="Not reached yet">
          This node has not been activated in this execution.
        </Empty>
      )}
    </SidePanel>
  );
}

/** A new execution from this step on. */
function Fork({ name, run, step }: { name: string; run: Run; step: Step }) {
  const allowed = useCan('executions.fork');
  const [open, setOpen] = useState(false);
  const all = [...useStore(run.store, (state) => state.steps).values()].map((held) => held.value);
  const begun = timeMs(step.startTime) ?? 0;
  const before = all.filter(
    (one) => one.state === 'COMPLETED' && one.name !== step.name && (timeMs(one.endTime) ?? 0) <= begun,
  );
  return (
    <div className={css.fork}>
      <Button
        size="small"
        disabled={!allowed}
        title={allowed ? undefined : 'You lack the permission executions.fork'}
        onClick={() => setOpen(true)}
      >
        <GitFork size={14} aria-hidden /> Fork from here
      </Button>
      {open && (
        <ForkDialog name={name} step={step} before={before} close={() => setOpen(false)} />
      )}
    </div>
  );
}

/** As the API names a step of an execution. */
const stepKey = (node: string, iteration: string | undefined) =>
  iteration ? `${node}#${iteration}` : node;

function StepDetails({ step }: { step: Step }) {
  const waiting = !stepLook(step.state).over;
  return (
    <>
      <Facts
        rows={[
          ['State', <StepBadge key="state" state={step.state} />],
          [
            'Duration',
            <Duration
              key="duration"
              startMs={timeMs(step.startTime)}
              endMs={timeMs(step.endTime)}
            />,
          ],
          [
            'Type',
            <span key="type" className="mono">
              {step.type}
            </span>,
          ],
          ['Waits for', step.wait && <WaitText key="wait" wait={step.wait} />],
          [
            'Child',
            step.child && (
              <Link key="child" to="/executions/$executionId" params={{ executionId: idOf(step.child) }}>
                {shortId(step.child)}
              </Link>
            ),
          ],
          ['Attempt', step.attempt || undefined],
          ['Started', step.startTime && formatDateTime(timeMs(step.startTime))],
        ]}
      />
      {step.error && <ErrorBox error={step.error} />}
      {(step.output !== undefined || (!waiting && !step.error)) && <JsonView title="Output" value={step.output} />}
      <JsonView title="Input" value={step.input} />
      <Attempts step={step} />
    </>
  );
}

/** In words, with the way to whoever can end it. */
function WaitText({ wait }: { wait: NonNullable<Step['wait']> }) {
  switch (wait.kind) {
    case 'SIGNAL':
      return (
        <>
          the signal <span className="mono">{wait.signal}</span>
        </>
      );
    case 'APPROVAL':
      return (
        <Link to="/approvals" search={{ show: 'open', open: wait.approval }}>
          an approval
        </Link>
      );
    case 'CHILD':
      return 'the end of its child';
    case 'KEY':
      return (
        <>
          a place at <span className="mono">{wait.key}</span>
        </>
      );
    case 'CONDITION':
      return 'its condition';
    case 'DECISION':
      return 'a decision after its error: resume the execution';
    default:
      return wait.untilTime ? formatDateTime(timeMs(wait.untilTime)) : 'its time';
  }
}

function Attempts({ step }: { step: Step }) {
  // The last one is the step's own error, which stands above.
  const failures = (step.failures ?? []).filter(
    (failure) => step.state !== 'FAILED' || failure.attempt !== step.attempt,
  );
  if (failures.length === 0) return null;
  return (
    <section className={css.attempts}>
      <h2>Earlier attempts</h2>
      {failures.map((failure) => (
        <div key={failure.attempt} className={css.attempt}>
          <strong>Attempt {failure.attempt}</strong>
          <span className="mono truncate">{failure.error?.reason}</span>
          <time className="num dim">{formatClock(timeMs(failure.time))}</time>
          <p>{failure.error?.message}</p>
        </div>
      ))}
    </section>
  );
}

/** Of many activations the one people look for: a failed one, else a running one, else the last. */
function interesting(steps: Step[]): Step | undefined {
  return (
    steps.find((step) => step.state === 'FAILED') ??
    steps.find((step) => step.state === 'RUNNING' || step.state === 'WAITING') ??
    steps.at(-1)
  );
}

/** The stream tells states only: reads payloads when the open step has changed. */
function useFreshPayloads(run: Run, step: Step | undefined) {
  const { refetch } = run;
  const missing =
    step !== undefined &&
    ((step.state === 'COMPLETED' && step.output === undefined) ||
      (step.state !== 'PENDING' && step.input === undefined));
  // Once per change of the step.
  useEffect(() => {
    if (!missing) return;
    const timer = setTimeout(refetch, 150);
    return () => clearTimeout(timer);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [missing, step?.name, step?.iteration, step?.state, step?.attempt]);
}
