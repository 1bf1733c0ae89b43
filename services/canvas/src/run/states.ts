import type { ApprovalState, ExecutionState, StepState } from '@/api/types';

/** How a state looks: a tone of the design tokens, a word, and whether it is over. */
export interface StateLook {
  tone: 'queued' | 'running' | 'waiting' | 'success' | 'danger' | 'muted' | 'undone';
  label: string;
  over: boolean;
}

/** For states of a newer server. */
const unknown: StateLook = { tone: 'queued', label: 'Unknown', over: false };

const executionLooks: Record<ExecutionState, StateLook> = {
  QUEUED: { tone: 'queued', label: 'Queued', over: false },
  RUNNING: { tone: 'running', label: 'Running', over: false },
  WAITING: { tone: 'waiting', label: 'Waiting', over: false },
  PAUSED: { tone: 'waiting', label: 'Paused', over: false },
  COMPENSATING: { tone: 'undone', label: 'Compensating', over: false },
  COMPLETED: { tone: 'success', label: 'Completed', over: true },
  FAILED: { tone: 'danger', label: 'Failed', over: true },
  CANCELED: { tone: 'muted', label: 'Canceled', over: true },
  TIMED_OUT: { tone: 'danger', label: 'Timed out', over: true },
};

const stepLooks: Record<StepState, StateLook> = {
  PENDING: { tone: 'queued', label: 'Pending', over: false },
  READY: { tone: 'queued', label: 'Ready', over: false },
  RUNNING: { tone: 'running', label: 'Running', over: false },
  WAITING: { tone: 'waiting', label: 'Waiting', over: false },
  COMPLETED: { tone: 'success', label: 'Completed', over: true },
  FAILED: { tone: 'danger', label: 'Failed', over: true },
  SKIPPED: { tone: 'muted', label: 'Skipped', over: true },
  CANCELED: { tone: 'muted', label: 'Canceled', over: true },
  COMPENSATED: { tone: 'undone', label: 'Compensated', over: true },
};

const approvalLooks: Partial<Record<ApprovalState, StateLook>> = {
  OPEN: { tone: 'waiting', label: 'Open', over: false },
  APPROVED: { tone: 'success', label: 'Approved', over: true },
  REJECTED: { tone: 'danger', label: 'Rejected', over: true },
  CLOSED: { tone: 'muted', label: 'Closed', over: true },
};

export const approvalLook = (state: ApprovalState | undefined): StateLook =>
  (state && approvalLooks[state]) ?? unknown;

export const executionStates = Object.keys(executionLooks) as ExecutionState[];
export const stepStates = Object.keys(stepLooks) as StepState[];

export const executionLook = (state: ExecutionState | undefined): StateLook =>
  (state && executionLooks[state]) ?? unknown;
export const stepLook = (state: StepState | undefined): StateLook =>
  (state && stepLooks[state]) ?? unknown;

export const isOver = (state: ExecutionState | undefined) => executionLook(state).over;
