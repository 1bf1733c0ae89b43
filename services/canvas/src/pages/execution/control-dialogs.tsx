import { useState } from 'react';
import * as operations from '@/api/operations';
import type { Json, Step, StepDecision } from '@/api/types';
import { RawJson } from '@/form/schema-form';
import { randomId } from '@/lib/random';
import { Input, Select } from '@/ui/basics';
import { Skeleton } from '@/ui/basics';
import { Ask, Cause, type CommandProps, keyOf, useCommand, useStepsNow } from './command';
import css from './execution.module.css';

export function CancelDialog(props: CommandProps) {
  const [cause, setCause] = useState('');
  const [compensate, setCompensate] = useState(false);
  const command = useCommand(
    props,
    compensate ? 'What was done is being undone' : 'The execution is being canceled',
  );
  return (
    <Ask
      title="Cancel this execution?"
      close={props.close}
      command={command}
      act="Cancel the execution"
      danger
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
        <span>
          Undo completed steps first
          <small>Their compensations run, the last step&apos;s first.</small>
        </span>
      </label>
      <Cause value={cause} onChange={setCause} />
    </Ask>
  );
}

export function PauseDialog(props: CommandProps) {
  const [cause, setCause] = useState('');
  const command = useCommand(props, 'The execution is paused');
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

/** Each step that is held after its error needs a decision; trying again is what is proposed. */
export function ResumeDialog(props: CommandProps) {
  const steps = useStepsNow(props.name);
  const held = (steps.data ?? []).filter((step) => step.wait?.kind === 'DECISION');
  const [changed, setChanged] = useState<Record<string, StepDecision>>({});
  const command = useCommand(props, 'The execution goes on');
  const decisionOf = (step: Step): StepDecision => changed[keyOf(step)] ?? { action: 'RETRY' };
  return (
    <Ask
      title="Resume this execution?"
      close={props.close}
      command={command}
      act="Resume"
      missing={steps.isPending ? 'Reading the steps…' : undefined}
      onAct={() =>
        command.mutate(() =>
          operations.resumeExecution(
            props.name,
            Object.fromEntries(held.map((step) => [keyOf(step), decisionOf(step)])),
          ),
        )
      }
    >
      {steps.isPending ? (
        <Skeleton width="60%" />
      ) : held.length === 0 ? (
        <p>Steps begin again where they stopped.</p>
      ) : (
        <p>
          {held.length === 1 ? 'One step' : `${held.length} steps`} used up all attempts. Say what
          becomes of {held.length === 1 ? 'it' : 'each'}.
        </p>
      )}
      {held.map((step) => (
        <Decision
          key={keyOf(step)}
          step={step}
          decision={decisionOf(step)}
          onChange={(next) => setChanged((old) => ({ ...old, [keyOf(step)]: next }))}
        />
      ))}
    </Ask>
  );
}

function Decision(props: {
  step: Step;
  decision: StepDecision;
  onChange: (decision: StepDecision) => void;
}) {
  const { step, decision, onChange } = props;
  const key = keyOf(step);
  return (
    <fieldset className={css.held}>
      <legend className="mono">{key}</legend>
      {step.error && (
        <p className={css.heldError}>
          <span className="mono">{step.error.reason}</span> {step.error.message}
        </p>
      )}
      <Select
        aria-label={`What becomes of ${key}`}
        value={decision.action}
        onChange={({ target }) =>
          onChange(
            target.value === 'COMPLETE'
              ? { action: 'COMPLETE', output: null }
              : { action: target.value as 'RETRY' | 'FAIL' },
          )
        }
      >
        <option value="RETRY">Try it again, with all its attempts</option>
        <option value="FAIL">Let it fail</option>
        <option value="COMPLETE">Go on as if it had completed with…</option>
      </Select>
      {decision.action === 'COMPLETE' && (
        <RawJson
          label={`Output of ${key} as JSON`}
          rows={4}
          value={decision.output ?? null}
          onChange={(output) => onChange({ ...decision, output: output ?? null })}
        />
      )}
    </fieldset>
  );
}

export function SignalDialog(props: CommandProps & { signal?: string | undefined }) {
  const steps = useStepsNow(props.name).data ?? [];
  const awaited = [...new Set(steps.flatMap((step) => step.wait?.signal || []))];
  const [typed, setTyped] = useState(props.signal);
  const signal = typed ?? awaited[0] ?? '';
  const [payload, setPayload] = useState<Json | undefined>({});
  const [requestId] = useState(randomId);
  const command = useCommand(props, `The signal ${signal} was sent`);
  return (
    <Ask
      title="Send a signal"
      close={props.close}
      command={command}
      act="Send"
      missing={signal === '' ? 'It needs a name.' : undefined}
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
          aria-describedby="signal-hint"
          onChange={({ target }) => setTyped(target.value)}
        />
        <datalist id="awaited-signals">
          {awaited.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      </label>
      <p id="signal-hint" className={css.hint}>
        {awaited.includes(signal)
          ? 'A step waits for this signal.'
          : 'No step waits for this signal now: it is kept until one takes it.'}
      </p>
      <div className={css.field}>
        Payload
        <RawJson label="Payload as JSON" rows={5} value={payload} onChange={setPayload} />
      </div>
    </Ask>
  );
}
