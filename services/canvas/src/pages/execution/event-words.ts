import type { ExecutionEvent, Json, JsonObject } from '@/api/types';
import { formatClock, timeMs } from '@/lib/format';

/** Where the words of an event's type are the engine's own and not those of the rest of the page. */
const names: Record<string, string> = {
  StepWaiting: 'Step waits',
  StepHeld: 'Waits for decision',
  StepRetried: 'Step tried again',
  ActivationOpened: 'Round begun',
  ActivationClosed: 'Round ended',
  ContainerStarted: 'Step begun',
  UnwindingStarted: 'Undoing begun',
  ChildAttached: 'Child started',
  KeyHeld: 'Key taken',
  HoldLifted: 'Admitted',
};
const rebases: Record<string, string> = {
  FORK: 'Fork begun',
  RETRY: 'Retry begun',
  MIGRATION: 'Version changed',
  NEW_HOME: 'Journal begun anew',
};

/** "StepCompleted" -> "Step completed" */
export const inWords = (type: string | undefined) =>
  names[type ?? ''] ?? (type ?? '').replace(/(?!^)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

export function eventInWords({ type, detail }: ExecutionEvent): string {
  const kind = detail?.['kind'];
  const rebase = type === 'ExecutionRebased' && typeof kind === 'string' ? rebases[kind] : undefined;
  return rebase ?? inWords(type);
}

/** A part of what an event says: a value, behind its name where it would not be understood alone. */
export interface Part {
  name?: string;
  value: string;
  mono?: boolean;
}

/** What is said elsewhere, or of interest only to who opens the event. */
const quiet = new Set(['idempotencyKey', 'requestId', 'workflow', 'kind', 'lost']);
const times: Record<string, string> = {
  readyTime: 'from',
  deadline: 'until',
  wakeTime: 'until',
};
/** Texts that speak for themselves. */
const plain = new Set(['title', 'comment', 'cause', 'decision']);
const mostJson = 200;

/** The details of an event in words, the error first. */
export function detailOf(event: ExecutionEvent): Part[] {
  const { error, ...rest } = (event.detail ?? {}) as JsonObject;
  return [
    ...errorParts(error),
    ...Object.entries(rest).flatMap(([key, value]) => partsOf(key, value, event)),
  ];
}

function errorParts(error: Json | undefined): Part[] {
  if (typeof error !== 'object' || error === null || Array.isArray(error)) return [];
  const { reason, message } = error;
  return [
    ...(reason ? [{ value: String(reason), mono: true }] : []),
    ...(message ? [{ value: String(message) }] : []),
  ];
}

function partsOf(key: string, value: Json | undefined, event: ExecutionEvent): Part[] {
  if (value === undefined || value === null || value === '' || quiet.has(key)) return [];
  if (key === 'mode' && value === 'LIVE') return [];
  if (key === 'port') return value === 'out' ? [] : [{ name: 'by', value: String(value) }];
  const word = times[key];
  if (word !== undefined && typeof value === 'string') {
    const ms = timeMs(value);
    // Ready at once is what one expects.
    if (key === 'readyTime' && (ms ?? 0) <= (timeMs(event.time) ?? 0)) return [];
    return [{ name: word, value: formatClock(ms) }];
  }
  if (key === 'approvers' && Array.isArray(value)) {
    return value.length > 0 ? [{ name: 'by', value: value.join(', ') }] : [];
  }
  if (plain.has(key)) return [{ value: String(value) }];
  const text = typeof value === 'object' || key === 'output' || key === 'item' || key === 'payload';
  const shown = text ? JSON.stringify(value) : String(value);
  return [{ name: spaced(key), value: shown.slice(0, mostJson), mono: true }];
}

/** "businessKey" -> "business key" */
const spaced = (key: string) => key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
