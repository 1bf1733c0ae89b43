import { useState } from 'react';
import * as operations from '@/api/operations';
import type { Execution, Json, Step } from '@/api/types';
import { RawJson } from '@/form/schema-form';
import { randomId } from '@/lib/random';
import { Select } from '@/ui/basics';
import { Ask, type CommandProps, keyOf, useNewExecution } from './command';
import css from './execution.module.css';

export function RetryDialog(props: CommandProps) {
  const [requestId] = useState(randomId);
  const command = useNewExecution('The retry has started');
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

/** Where a fork begins: with a step, or as the execution was after an event of the journal. */
export type ForkPoint = { step: string } | { checkpoint: string; what: string };

interface ForkProps {
  name: string;
  execution: Execution;
  at: ForkPoint;
  /** Steps whose results are kept; their outputs can be changed. */
  before: Step[];
  close: () => void;
}

/** A new execution from this one's past, with another input or other outputs where wanted. */
export function ForkDialog({ name, execution, at, before, close }: ForkProps) {
  const [editsInput, setEditsInput] = useState(false);
  const [input, setInput] = useState<Json | undefined>(execution.input ?? null);
  const [edited, setEdited] = useState('');
  const [outputs, setOutputs] = useState<Record<string, Json>>({});
  const [requestId] = useState(randomId);
  const command = useNewExecution('The fork has started');
  const chosen = before.find((one) => keyOf(one) === edited);
  const place = 'step' in at ? at.step : `#${at.checkpoint}`;
  const request = {
    requestId,
    ...('step' in at ? { step: at.step } : { checkpoint: at.checkpoint }),
    ...(editsInput && { input: input ?? null }),
    ...(Object.keys(outputs).length > 0 && { outputs }),
  };
  return (
    <Ask
      title={`Fork from ${place}`}
      close={close}
      command={command}
      act="Start the fork"
      wide
      onAct={() => command.mutate(() => operations.forkExecution(name, request))}
    >
      <p>
        {'step' in at
          ? 'A new execution keeps what came before this step and goes on from here.'
          : `A new execution goes on from where this one was: ${at.what}.`}{' '}
        This one stays as it is.
      </p>
      <label className={css.check}>
        <input
          type="checkbox"
          checked={editsInput}
          onChange={({ target }) => setEditsInput(target.checked)}
        />
        <span>
          Change the input of the execution
          <small>Steps whose results are kept do not run again with it.</small>
        </span>
      </label>
      {editsInput && (
        <RawJson label="Input of the execution as JSON" rows={6} value={input} onChange={setInput} />
      )}
      {before.length > 0 && (
        <label className={css.field}>
          Change the output of
          <Select value={edited} onChange={({ target }) => setEdited(target.value)}>
            <option value="">No step</option>
            {before.map((one) => (
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
          label={`Output of ${edited} as JSON`}
          rows={6}
          value={outputs[edited] ?? chosen.output ?? null}
          onChange={(value) => setOutputs((old) => ({ ...old, [edited]: value ?? null }))}
        />
      )}
    </Ask>
  );
}
