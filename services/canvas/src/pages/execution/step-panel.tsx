import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CircleDashed, GitFork } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { useStore } from 'zustand';
import { childQuery } from '@/api/queries';
import type { Step } from '@/api/types';
import { formatClock, formatDateTime, timeMs } from '@/lib/format';
import { stepLook } from '@/run/states';
import { type Run, useStepsOf } from '@/run/use-run';
import { useCan } from '@/session/session';
import { Button, Empty, Select } from '@/ui/basics';
import { Facts } from '@/ui/facts';
import { JsonView } from '@/ui/json/json-view';
import { SidePanel } from '@/ui/side-panel';
import { StepBadge } from '@/ui/state-badge';
import { Duration } from '@/ui/time';
import { keyOf } from './command';
import { ErrorBox } from './error-box';
import css from './execution.module.css';
import { ForkDialog } from './fork-dialog';
import { ExecutionLink, readyFor, WaitText } from './waits';

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
      foot={props.foot(keyOf({ node, iteration: step?.iteration ?? '' }))}
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
          <StepDetails name={name} step={step} />
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
  const steps = useStore(run.store, (state) => state.steps);
  if (!run.execution) return null;
  const begunMs = timeMs(step.startTime) ?? 0;
  const before = [...steps.values()]
    .map((held) => held.value)
    .filter(
      (one) =>
        one.state === 'COMPLETED' &&
        one.name !== step.name &&
        (timeMs(one.endTime) ?? 0) <= begunMs,
    );
  return (
    <div>
      <Button
        size="small"
        disabled={!allowed}
        title={allowed ? undefined : 'You lack the permission executions.fork'}
        onClick={() => setOpen(true)}
      >
        <GitFork size={14} aria-hidden /> Fork from here
      </Button>
      {open && (
        <ForkDialog
          name={name}
          execution={run.execution}
          at={{ step: keyOf(step) }}
          before={before}
          close={() => setOpen(false)}
        />
      )}
    </div>
  );
}

/** The execution that the step is, where it is one: a sub-workflow or a custom pattern. */
function useChild(name: string, step: Step): string | undefined {
  const startsOne = /^(flow\.workflow|custom\.)/.test(step.type ?? '');
  const { data } = useQuery({
    ...childQuery(name, step.node ?? '', step.iteration ?? ''),
    enabled: startsOne && !step.child && stepLook(step.state).over,
  });
  return step.child || (data ?? undefined);
}

function StepDetails({ name, step }: { name: string; step: Step }) {
  const child = useChild(name, step);
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
          [
            'Waits for',
            step.state === 'READY' ? (
              <Link key="ready" className={css.wordLink} to="/agents" title="Agents and their workers">
                {readyFor(step)}
              </Link>
            ) : (
              waiting && step.wait && <WaitText key="wait" step={step} />
            ),
          ],
          ['Child', child && <ExecutionLink key="child" name={child} />],
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
      (step.state === 'WAITING' && step.wait === undefined) ||
      (step.state !== 'PENDING' && step.input === undefined));
  // Once per change of the step.
  useEffect(() => {
    if (!missing) return;
    const timer = setTimeout(refetch, 150);
    return () => clearTimeout(timer);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [missing, step?.name, step?.iteration, step?.state, step?.attempt]);
}
