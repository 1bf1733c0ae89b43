import { Link } from '@tanstack/react-router';
import { Radio, Stamp } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { useStore } from 'zustand';
import type { ExecutionState, JsonObject, Step } from '@/api/types';
import { formatDateTime, idOf, shortId, timeMs } from '@/lib/format';
import type { Run } from '@/run/use-run';
import { grants, useSession } from '@/session/session';
import { Button } from '@/ui/basics';
import { toneClass } from '@/ui/state-badge';
import { keyOf } from './command';
import { ResumeDialog, SignalDialog } from './control-dialogs';
import css from './execution.module.css';

export const ExecutionLink = ({ name, node }: { name: string; node?: string | undefined }) => (
  <Link
    className={css.nodeLink}
    to="/executions/$executionId"
    params={{ executionId: idOf(name) }}
    search={{ node }}
    title={name}
  >
    {shortId(name)}
  </Link>
);

/** In words, with the way to whoever can end it. */
export function WaitText({ step }: { step: Step }) {
  const { wait } = step;
  switch (wait?.kind) {
    case 'SIGNAL':
      return (
        <>
          the signal <span className="mono">{wait.signal}</span>
        </>
      );
    case 'APPROVAL':
      return (
        <Link
          className={css.wordLink}
          to="/approvals"
          search={{ show: 'open', open: wait.approval }}
        >
          an approval
        </Link>
      );
    case 'CHILD':
      return (
        <>
          the end of its child {step.child && <ExecutionLink name={step.child} />}
        </>
      );
    case 'KEY':
      return (
        <>
          a place at <span className="mono">{wait.key}</span>
        </>
      );
    case 'CONDITION':
      return 'its condition';
    case 'DECISION':
      return 'a decision after its error';
    default:
      return wait?.untilTime ? formatDateTime(timeMs(wait.untilTime)) : 'its time';
  }
}

/** What a step that is READY waits for: nobody has taken it. */
export const readyFor = ({ failures }: Pick<Step, 'failures'>): string =>
  failures?.length ? 'its next attempt, then a free worker' : 'a free worker';

/** Why an execution as a whole stands still, or goes backwards. */
export function StateNote({ state, concurrency }: {
  state: ExecutionState | undefined;
  concurrency: JsonObject;
}) {
  if (state === 'COMPENSATING') {
    return (
      <p className={`${css.note} ${toneClass}`} data-tone="undone">
        What completed is being undone, the last step first.
      </p>
    );
  }
  if (state !== 'QUEUED') return null;
  const { key, limit } = concurrency;
  return (
    <p className={`${css.note} ${toneClass}`} data-tone="queued">
      {typeof key === 'string' ? (
        <>
          It begins when there is a place at its key, <span className="mono">{key}</span>
          {typeof limit === 'number' && ` (${limit} at a time)`}, and room in the tenant&apos;s limits.
        </>
      ) : (
        "It begins when there is room in the tenant's limits."
      )}
    </p>
  );
}

const maxShown = 8;

/** What keeps an execution from going on, each with what ends it. Nothing where nothing does. */
export function Waits({ name, run, onNode }: {
  name: string;
  run: Run;
  onNode: (node: string, iteration?: string) => void;
}) {
  const steps = useStore(run.store, (state) => state.steps);
  const waiting = useMemo(
    () => [...steps.values()].map((held) => held.value).filter((one) => one.state === 'WAITING'),
    [steps],
  );
  const known = waiting.filter((step) => step.wait);
  const { refetch } = run;
  const unknown = waiting.length - known.length;
  // Once for each new one of which the stream told: it does not say what it waits for.
  useEffect(() => {
    if (unknown === 0) return;
    const timer = setTimeout(refetch, 150);
    return () => clearTimeout(timer);
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [unknown]);
  if (known.length === 0) return null;
  return (
    <section className={css.waits} aria-label="Waits for">
      <h3>Waits for</h3>
      <ul>
        {known.slice(0, maxShown).map((step) => (
          <li key={keyOf(step)}>
            <button
              type="button"
              className={css.nodeLink}
              onClick={() => onNode(step.node ?? '', step.iteration || undefined)}
            >
              {keyOf(step)}
            </button>
            <span className={css.waitText}>
              <WaitText step={step} />
            </span>
            <WayOut name={name} run={run} step={step} />
          </li>
        ))}
      </ul>
      {known.length > maxShown && <p className="dim">and {known.length - maxShown} more</p>}
    </section>
  );
}

function WayOut({ name, run, step }: { name: string; run: Run; step: Step }) {
  const permissions = useSession((session) => session.me?.permissions);
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  switch (step.wait?.kind) {
    case 'SIGNAL':
      if (!grants(permissions, 'executions.signal')) return null;
      return (
        <>
          <Button size="small" onClick={() => setOpen(true)}>
            <Radio size={13} aria-hidden /> Send
          </Button>
          {open && (
            <SignalDialog name={name} run={run} close={close} signal={step.wait.signal} />
          )}
        </>
      );
    case 'APPROVAL':
      return (
        <Link
          className={css.wayOut}
          to="/approvals"
          search={{ show: 'open', open: step.wait.approval }}
        >
          <Stamp size={13} aria-hidden /> Decide
        </Link>
      );
    case 'DECISION':
      if (!grants(permissions, 'executions.resume')) return null;
      return (
        <>
          <Button size="small" onClick={() => setOpen(true)}>
            Decide
          </Button>
          {open && <ResumeDialog name={name} run={run} close={close} />}
        </>
      );
    default:
      return null;
  }
}
