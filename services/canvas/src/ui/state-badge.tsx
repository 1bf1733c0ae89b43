import {
  Ban,
  CircleCheck,
  CircleDashed,
  CircleDot,
  CirclePause,
  CircleSlash,
  CircleX,
  Clock,
  Hourglass,
  LoaderCircle,
  type LucideIcon,
  Stamp,
  Undo2,
} from 'lucide-react';
import type { ApprovalState, ExecutionState, StepState } from '@/api/types';
import { approvalLook, executionLook, type StateLook, stepLook } from '@/run/states';
import css from './ui.module.css';

/** Each state has a shape of its own, so that none is told by colour alone. */
type AnyState = ExecutionState | StepState | ApprovalState;
const icons: Partial<Record<AnyState, LucideIcon>> = {
  QUEUED: CircleDashed,
  PENDING: CircleDashed,
  READY: CircleDot,
  RUNNING: LoaderCircle,
  WAITING: Hourglass,
  PAUSED: CirclePause,
  COMPENSATING: Undo2,
  COMPENSATED: Undo2,
  COMPLETED: CircleCheck,
  FAILED: CircleX,
  SKIPPED: CircleSlash,
  CANCELED: Ban,
  TIMED_OUT: Clock,
  OPEN: Stamp,
  APPROVED: CircleCheck,
  REJECTED: CircleX,
  CLOSED: CircleSlash,
};

export function StateIcon({
  state,
  size = 14,
}: {
  state: AnyState | undefined;
  size?: number;
}) {
  const Icon = (state && icons[state]) ?? CircleDashed;
  return (
    <Icon
      size={size}
      aria-hidden
      className={`${css.icon} ${state === 'RUNNING' ? css.spin : ''}`}
    />
  );
}

interface BadgeProps {
  state: AnyState | undefined;
  look: StateLook;
  bare?: boolean;
}

function Badge({ state, look, bare }: BadgeProps) {
  return (
    <span
      className={`${css.state} ${css.tone}`}
      data-tone={look.tone}
      data-bare={bare ? '' : undefined}
      data-state={state}
    >
      <StateIcon state={state} size={13} />
      {look.label}
    </span>
  );
}

export const ExecutionBadge = ({
  state,
  bare,
}: {
  state: ExecutionState | undefined;
  bare?: boolean;
}) => <Badge state={state} look={executionLook(state)} bare={bare} />;
export const StepBadge = ({ state, bare }: { state: StepState | undefined; bare?: boolean }) => (
  <Badge state={state} look={stepLook(state)} bare={bare} />
);

export const ApprovalBadge = ({ state }: { state: ApprovalState | undefined }) => (
  <Badge state={state} look={approvalLook(state)} />
);

/** Class that gives --tone and --tone-bg by data-tone. */
export const toneClass = css.tone;
