import { Ban, type LucideIcon, Pause, Play, Radio, RotateCcw } from 'lucide-react';
import { type ComponentType, useMemo, useState } from 'react';
import type { Execution, ExecutionState } from '@/api/types';
import { isOver } from '@/run/states';
import type { Run } from '@/run/use-run';
import { grants, useSession } from '@/session/session';
import { type PageCommand, usePageCommands } from '@/shell/commands';
import { Button } from '@/ui/basics';
import type { CommandProps } from './command';
import { CancelDialog, PauseDialog, ResumeDialog, SignalDialog } from './control-dialogs';
import css from './execution.module.css';
import { RetryDialog } from './fork-dialog';

interface Verb {
  id: string;
  label: string;
  permission: string;
  icon: LucideIcon;
  kind?: 'danger' | 'primary';
  possible: (state: ExecutionState | undefined) => boolean;
  Dialog: ComponentType<CommandProps>;
}

const underWay = (state: ExecutionState | undefined) => !isOver(state);

const verbs: Verb[] = [
  {
    id: 'resume',
    label: 'Resume',
    permission: 'executions.resume',
    icon: Play,
    kind: 'primary',
    possible: (state) => state === 'PAUSED',
    Dialog: ResumeDialog,
  },
  {
    id: 'pause',
    label: 'Pause',
    permission: 'executions.pause',
    icon: Pause,
    possible: (state) => underWay(state) && state !== 'PAUSED' && state !== 'COMPENSATING',
    Dialog: PauseDialog,
  },
  {
    id: 'signal',
    label: 'Signal',
    permission: 'executions.signal',
    icon: Radio,
    possible: underWay,
    Dialog: SignalDialog,
  },
  {
    id: 'cancel',
    label: 'Cancel',
    permission: 'executions.cancel',
    icon: Ban,
    kind: 'danger',
    possible: underWay,
    Dialog: CancelDialog,
  },
  {
    id: 'retry',
    label: 'Retry',
    permission: 'executions.retry',
    icon: RotateCcw,
    possible: (state) => isOver(state) && state !== 'COMPLETED',
    Dialog: RetryDialog,
  },
];

/** What people may do to an execution in this state. */
export const verbsFor = (state: ExecutionState | undefined) =>
  verbs.filter((verb) => verb.possible(state));

/** As buttons and in the command palette; each asks before it acts. */
export function ExecutionActions(props: { name: string; execution: Execution; run: Run }) {
  const { name, run } = props;
  const { state } = props.execution;
  const permissions = useSession((session) => session.me?.permissions);
  const [open, setOpen] = useState<string>();
  const commands = useMemo(
    () =>
      verbsFor(state)
        .filter((verb) => grants(permissions, verb.permission))
        .map(
          ({ id, label, icon }): PageCommand => ({
            id,
            label: `${label} this execution`,
            icon,
            run: () => setOpen(id),
          }),
        ),
    [state, permissions],
  );
  usePageCommands(commands);
  // A dialog stays open when the state changes under it: the server has the last word.
  const shown = verbs.find((verb) => verb.id === open);
  return (
    <>
      {verbsFor(state).map(({ id, label, permission, icon: Icon, kind }) => {
        const allowed = grants(permissions, permission);
        return (
          <Button
            key={id}
            kind={kind}
            className={css.verb}
            disabled={!allowed}
            title={allowed ? undefined : `You lack the permission ${permission}`}
            onClick={() => setOpen(id)}
          >
            <Icon size={14} aria-hidden /> {label}
          </Button>
        );
      })}
      {shown && <shown.Dialog name={name} run={run} close={() => setOpen(undefined)} />}
    </>
  );
}
