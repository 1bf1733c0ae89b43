import type { Json } from '@/api/types';
import { pointerStep } from '@/lib/pointer';

/** One line of the tree. */
export interface JsonRow {
  /** JSON Pointer; unique. */
  path: string;
  depth: number;
  key: string | undefined;
  value: Json;
  /** Number of children; undefined for a leaf. */
  size: number | undefined;
  open: boolean;
}

/** A value that names content too large to stand in it. */
export interface PayloadReference {
  $payload: string;
  size?: Json;
}

export function asPayloadReference(value: Json): PayloadReference | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const { $payload, size } = value;
  if (typeof $payload !== 'string' || !/^payloads\/[0-9a-f]{64}$/.test($payload)) return undefined;
  return size === undefined ? { $payload } : { $payload, size };
}

/** More children of one array or object than this are not listed. */
const maxChildren = 5000;

/** The lines of a value with the given paths toggled away from their default. */
export function jsonRows(value: Json, toggled: ReadonlySet<string>, openDepth = 2): JsonRow[] {
  const rows: JsonRow[] = [];
  const visit = (path: string, key: string | undefined, node: Json, depth: number) => {
    if (node === null || typeof node !== 'object') {
      rows.push({ path, depth, key, value: node, size: undefined, open: false });
      return;
    }
    const entries = Array.isArray(node)
      ? node.map((item, index) => [String(index), item] as const)
      : Object.entries(node);
    const open = entries.length > 0 && depth < openDepth !== toggled.has(path);
    rows.push({ path, depth, key, value: node, size: entries.length, open });
    if (!open) return;
    for (const [name, child] of entries.slice(0, maxChildren)) {
      visit(path + pointerStep(name), name, child, depth + 1);
    }
  };
  visit('', undefined, value, 0);
  return rows;
}

/** A few words about what a closed array or object holds. */
export function preview(value: Json): string {
  if (Array.isArray(value)) return value.length === 1 ? '1 item' : `${value.length} items`;
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value);
    if (keys.length === 0) return 'empty';
    return keys.slice(0, 4).join(', ') + (keys.length > 4 ? ', …' : '');
  }
  return '';
}

/** Whether a text reads like Markdown rather than a plain line. */
export function looksLikeMarkdown(text: string): boolean {
  return text.includes('\n') && /^(#{1,6} |[-*] |\d+\. |> |\|.*\||```)/m.test(text);
}

/** The one text inside a value worth reading by itself: the value, or its only long string. */
export function mainText(value: Json | undefined): string | undefined {
  if (typeof value === 'string')
    return value.length > 80 || value.includes('\n') ? value : undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const long = Object.values(value).filter(
    (one): one is string => typeof one === 'string' && one.includes('\n') && one.length > 80,
  );
  return long.length === 1 ? long[0] : undefined;
}
