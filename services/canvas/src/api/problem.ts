/**
 * A refused or failed call: RFC 9457 problem details, or what stands in for them when the answer
 * never came (reason UNREACHABLE) or was not ours (reason HTTP_<status>).
 */
export class Problem extends Error {
  readonly status: number;
  readonly reason: string;
  readonly requestId: string;
  readonly fields: FieldError[];

  constructor(parts: {
    status: number;
    reason: string;
    message: string;
    requestId?: string;
    fields?: FieldError[];
  }) {
    super(parts.message);
    this.name = 'Problem';
    this.status = parts.status;
    this.reason = parts.reason;
    this.requestId = parts.requestId ?? '';
    this.fields = parts.fields ?? [];
  }
}

/** One wrong place in a request. `pointer` is a JSON Pointer into the request's body. */
export interface FieldError {
  pointer: string;
  message: string;
}

/** Reads problem details out of any answer. */
export function problemFrom(status: number, body: unknown, headers: Headers): Problem {
  const record = isRecord(body) ? body : {};
  const metadata = isRecord(record['metadata']) ? record['metadata'] : {};
  const message = text(record['detail']) || text(record['title']) || text(record['message']);
  return new Problem({
    status,
    reason: text(record['reason']) || `HTTP_${status}`,
    message: message || fallbackMessage(status),
    requestId:
      text(record['requestId']) || text(record['request_id']) || headers.get('x-request-id') || '',
    fields: fieldErrors(record, metadata, message),
  });
}

/** Whatever was thrown, as a Problem. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem({
    status: 0,
    reason: 'UNREACHABLE',
    message:
      error instanceof TypeError
        ? 'The server could not be reached. Check the connection and try again.'
        : String(error instanceof Error ? error.message : error),
  });
}

function fieldErrors(
  record: Record<string, unknown>,
  metadata: Record<string, unknown>,
  message: string,
): FieldError[] {
  const list = [record['errors'], record['fieldViolations'], record['violations']].find(
    Array.isArray,
  );
  const found = (list ?? []).filter(isRecord).map((entry) => ({
    pointer: toPointer(text(entry['pointer']) || text(entry['field']) || text(entry['path'])),
    message: text(entry['detail']) || text(entry['message']) || text(entry['description']),
  }));
  if (found.length > 0) return found;
  const single =
    text(metadata['field']) ||
    text(metadata['pointer']) ||
    text(metadata['path']) ||
    text(record['field']);
  return single ? [{ pointer: toPointer(single), message }] : [];
}

/** Accepts "/input/text", "#/input/text", "input.text" and "input.items[2]". */
export function toPointer(path: string): string {
  const plain = path.replace(/^#/, '');
  if (plain === '' || plain.startsWith('/')) return plain;
  return `/${plain
    .replace(/\[(\d+)\]/g, '.$1')
    .split('.')
    .join('/')}`;
}

function fallbackMessage(status: number): string {
  if (status === 0) return 'The server could not be reached.';
  if (status === 403) return 'You may not do this.';
  if (status === 404) return 'There is nothing here, or it is not yours.';
  if (status === 429) return 'Too many requests. Wait a moment and try again.';
  if (status >= 500) return 'The server could not answer. Try again in a moment.';
  return `The request was refused (HTTP ${status}).`;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown) => (typeof value === 'string' ? value : '');
