import type { Json, JsonObject } from '@/api/types';
import { asObject, titleOf } from '@/graph/document';

/** A field of a form, read from a JSON Schema. What no field can show becomes raw JSON. */
export type Field = FieldBase &
  (
    | { kind: 'text'; long: boolean; format: string | undefined }
    | { kind: 'number'; integer: boolean }
    | { kind: 'boolean' }
    | { kind: 'enum'; options: Json[] }
    | { kind: 'object'; fields: Field[] }
    | { kind: 'array'; item: Field }
    | { kind: 'json' }
  );

interface FieldBase {
  /** Property name; empty for the root and for array items. */
  key: string;
  title: string;
  description: string | undefined;
  required: boolean;
  default: Json | undefined;
  examples: Json[];
  schema: JsonObject;
}

const longNames =
  /text|body|content|prompt|document|markdown|message|description|notes|source|article/i;
const maxDepth = 8;

export function readField(
  rawSchema: Json | undefined,
  root: JsonObject,
  key = '',
  required = false,
  depth = 0,
): Field {
  const schema = resolve(rawSchema, root);
  const base: FieldBase = {
    key,
    title: typeof schema['title'] === 'string' ? schema['title'] : titleOf(key),
    description: typeof schema['description'] === 'string' ? schema['description'] : undefined,
    required,
    default: schema['default'],
    examples: Array.isArray(schema['examples']) ? schema['examples'] : [],
    schema,
  };
  if (Array.isArray(schema['enum'])) return { ...base, kind: 'enum', options: schema['enum'] };
  if (depth > maxDepth) return { ...base, kind: 'json' };
  switch (soleType(schema)) {
    case 'string':
      return { ...base, kind: 'text', long: isLong(schema, key), format: formatOf(schema) };
    case 'integer':
      return { ...base, kind: 'number', integer: true };
    case 'number':
      return { ...base, kind: 'number', integer: false };
    case 'boolean':
      return { ...base, kind: 'boolean' };
    case 'array':
      if (typeof schema['items'] !== 'object' || Array.isArray(schema['prefixItems'])) break;
      return {
        ...base,
        kind: 'array',
        item: readField(schema['items'], root, '', true, depth + 1),
      };
    case 'object': {
      const properties = asObject(schema['properties']);
      const names = Object.keys(properties);
      if (names.length === 0 && depth > 0) break;
      const needed = Array.isArray(schema['required']) ? schema['required'] : [];
      // Required fields first; otherwise as written.
      const sorted = [...names].sort(
        (a, b) => Number(needed.includes(b)) - Number(needed.includes(a)),
      );
      const fields = sorted.map((name) =>
        readField(properties[name], root, name, needed.includes(name), depth + 1),
      );
      return { ...base, kind: 'object', fields };
    }
  }
  return { ...base, kind: 'json' };
}

/** Follows local references ("#/$defs/x"), at most a few deep. */
function resolve(raw: Json | undefined, root: JsonObject): JsonObject {
  let schema = asObject(raw);
  for (let hops = 0; hops < 8 && typeof schema['$ref'] === 'string'; hops += 1) {
    const { $ref, ...rest } = schema;
    let target: Json = root;
    for (const part of String($ref).replace(/^#\/?/, '').split('/').filter(Boolean)) {
      target = asObject(target)[part.replace(/~1/g, '/').replace(/~0/g, '~')] ?? null;
    }
    schema = { ...asObject(target), ...rest };
  }
  return schema;
}

function soleType(schema: JsonObject): string | undefined {
  const type = schema['type'];
  if (typeof type === 'string') return type;
  if (Array.isArray(type)) {
    const real = type.filter((one) => one !== 'null');
    return real.length === 1 ? String(real[0]) : undefined;
  }
  if (schema['properties']) return 'object';
  if (schema['items']) return 'array';
  return undefined;
}

function isLong(schema: JsonObject, key: string): boolean {
  const widget = asObject(schema['x-ui'])['widget'];
  if (widget !== undefined) return widget === 'textarea';
  if (schema['x-multiline'] !== undefined) return schema['x-multiline'] === true;
  if (schema['format'] || schema['pattern']) return false;
  if (typeof schema['contentMediaType'] === 'string') return true;
  const max = schema['maxLength'];
  if (typeof max === 'number') return max > 200;
  return longNames.test(key);
}

const formatOf = (schema: JsonObject) =>
  typeof schema['format'] === 'string' ? schema['format'] : undefined;

/** What a fresh form holds: defaults, and the empty shape of what is required. */
export function initialValue(field: Field): Json | undefined {
  if (field.default !== undefined) return field.default;
  if (field.schema['const'] !== undefined) return field.schema['const'];
  if (field.kind === 'object') {
    if (!field.required && field.key !== '') {
      const inner = collect(field.fields);
      return Object.keys(inner).length > 0 ? inner : undefined;
    }
    return collect(field.fields);
  }
  if (field.kind === 'array' && field.required) return [];
  if (field.kind === 'boolean' && field.required) return false;
  return undefined;
}

function collect(fields: Field[]): JsonObject {
  const value: JsonObject = {};
  for (const field of fields) {
    const inner = initialValue(field);
    if (inner !== undefined) value[field.key] = inner;
  }
  return value;
}

/** A new value with one property changed; undefined takes it out. */
export function withProperty(
  value: Json | undefined,
  key: string,
  next: Json | undefined,
): JsonObject {
  const { [key]: _, ...rest } = asObject(value);
  return next === undefined ? rest : { ...asObject(value), [key]: next };
}
