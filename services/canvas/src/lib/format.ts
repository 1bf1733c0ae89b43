/** Milliseconds of a google.protobuf.Timestamp in JSON; undefined where there is none. */
export function timeMs(value: string | undefined): number | undefined {
  if (!value) return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Milliseconds of a google.protobuf.Duration in JSON ("1.5s"). */
export function durationMs(value: string | undefined): number | undefined {
  const match = value?.match(/^(-?\d+(?:\.\d+)?)s$/);
  return match ? Number(match[1]) * 1000 : undefined;
}

/** A length of time in at most two units: "840 ms", "3.2 s", "4 m 12 s", "2 h 5 m", "3 d 4 h". */
export function formatDuration(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return '–';
  const value = Math.max(0, ms);
  if (value < 1000) return `${Math.round(value)} ms`;
  if (value < 59_950) return `${(value / 1000).toFixed(1)} s`;
  const seconds = Math.round(value / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${seconds % 60} s`;
  const minutes = Math.round(value / 60_000);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
  const hours = Math.round(value / 3_600_000);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];

/** "2 min. ago"; "just now" within five seconds; a date beyond a week. */
export function formatAgo(ms: number | undefined, nowMs: number): string {
  if (ms === undefined) return '–';
  const delta = ms - nowMs;
  if (Math.abs(delta) < 5000) return 'just now';
  if (Math.abs(delta) > 7 * 86_400_000) return dateFormat.format(ms);
  for (const [unit, size] of units) {
    if (Math.abs(delta) >= size) return relative.format(Math.round(delta / size), unit);
  }
  return 'just now';
}

const dateFormat = new Intl.DateTimeFormat('en', {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
});
const dateTimeFormat = new Intl.DateTimeFormat('en', {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});
const clockFormat = new Intl.DateTimeFormat('en', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hour12: false,
});

export const formatDateTime = (ms: number | undefined) =>
  ms === undefined ? '–' : dateTimeFormat.format(ms);
export const formatClock = (ms: number | undefined) =>
  ms === undefined ? '–' : clockFormat.format(ms);

const counts = new Intl.NumberFormat('en');
export const formatCount = (value: number) => counts.format(value);

const byteUnits = ['B', 'kB', 'MB', 'GB'];
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < byteUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${byteUnits[unit]}`;
}

/** The last part of a resource name: "executions/42" -> "42". */
export const idOf = (name: string | undefined) => name?.slice(name.lastIndexOf('/') + 1) ?? '';

/** A UUID, short enough for a table and long enough to tell two apart. */
export const shortId = (name: string | undefined) => idOf(name).slice(0, 8);

/** int64 travels as text in ProtoJSON. */
export const toInt = (value: string | number | undefined) => Number(value ?? 0);
