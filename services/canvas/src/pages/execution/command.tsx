import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import * as operations from '@/api/operations';
import type { Execution, Step } from '@/api/types';
import { idOf } from '@/lib/format';
import type { Run } from '@/run/use-run';
import { Button, Input, ProblemNotice } from '@/ui/basics';
import { Dialog } from '@/ui/dialog';
import { toast } from '@/ui/toast';
import css from './execution.module.css';

/** What the dialogs of commands have in common. */
export interface CommandProps {
  name: string;
  run: Run;
  close: () => void;
}

/** The common way of a command: its answer is what is shown next. */
export function useCommand({ run, close }: CommandProps, done: string) {
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

/** Starting a new execution from this one, and going there. */
export function useNewExecution(done: string) {
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (send: () => Promise<Execution>) => send(),
    onSuccess: (made) => {
      toast('done', done);
      return navigate({
        to: '/executions/$executionId',
        params: { executionId: idOf(made.name) },
      });
    },
  });
}

/** As they are now, with what they wait for, which the stream does not tell. */
export const useStepsNow = (name: string) =>
  useQuery({ queryKey: ['stepsNow', name], queryFn: () => operations.listSteps(name), staleTime: 0 });

/** As the engine names it: "pay", "outer.inner#2.5". */
export const keyOf = (step: Pick<Step, 'node' | 'iteration'>) =>
  step.iteration ? `${step.node}#${step.iteration}` : (step.node ?? '');

interface AskProps {
  title: string;
  close: () => void;
  command: { isPending: boolean; error: unknown };
  act: string;
  /** Why it cannot be sent yet. */
  missing?: string | undefined;
  danger?: boolean;
  wide?: boolean;
  onAct: () => void;
  children: ReactNode;
}

/** Asks before it acts. Enter in a field acts; JSON that cannot be read keeps it from acting. */
export function Ask(props: AskProps) {
  const { title, close, command, act, missing, onAct, children } = props;
  return (
    <Dialog
      title={title}
      onClose={close}
      size={props.wide ? 'wide' : undefined}
      foot={
        <>
          {missing && <span className={css.missing}>{missing}</span>}
          <Button onClick={close}>Close</Button>
          <Button
            kind={props.danger ? 'danger' : 'primary'}
            type="submit"
            form="ask"
            disabled={command.isPending || missing !== undefined}
          >
            {act}
          </Button>
        </>
      }
    >
      <form
        id="ask"
        className={css.ask}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const unreadable = event.currentTarget.querySelector<HTMLElement>('textarea:invalid');
          if (unreadable) unreadable.focus();
          else if (missing === undefined) onAct();
        }}
      >
        {children}
        {command.error != null && <ProblemNotice error={command.error} />}
      </form>
    </Dialog>
  );
}

export function Cause({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <label className={css.field}>
      <span>
        Why <span className={css.optional}>optional, kept in the journal</span>
      </span>
      <Input value={value} maxLength={1000} onChange={({ target }) => onChange(target.value)} />
    </label>
  );
}
