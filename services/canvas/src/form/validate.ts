import { type OutputUnit, type Schema, Validator } from '@cfworker/json-schema';
import type { FieldError } from '@/api/problem';
import type { Json, JsonObject } from '@/api/types';
import { pointerStep } from '@/lib/pointer';

/**
 * Checks a value and answers one message per place, by JSON Pointer ("" is the value itself).
 * The validator interprets the schema: one that compiles needs `unsafe-eval`, which the page's
 * Content-Security-Policy refuses. The server checks again with the same schema.
 */
export function validate(schema: JsonObject, value: Json | undefined): Map<string, string> {
  const errors = new Map<string, string>();
  let units: OutputUnit[];
  try {
    units = new Validator(schema as Schema, '2020-12', false).validate(value ?? null).errors;
  } catch {
    // A schema the validator cannot read is for the server to judge.
    return errors;
  }
  for (const unit of units) {
    const found = read(unit);
    if (found && !errors.has(found.pointer)) errors.set(found.pointer, found.message);
  }
  return errors;
}

/** Keywords that only repeat what is wrong further down. */
const echoes = new Set([
  'properties',
  'items',
  'prefixItems',
  '$ref',
  'additionalProperties',
  'false',
]);

function read(unit: OutputUnit): { pointer: string; message: string } | undefined {
  const pointer = unit.instanceLocation.replace(/^#/, '');
  if (unit.keyword === 'required') {
    const missing = /property "([^"]*)"/.exec(unit.error)?.[1];
    return {
      pointer: missing === undefined ? pointer : `${pointer}${pointerStep(missing)}`,
      message: 'This is required.',
    };
  }
  if (unit.keyword === 'additionalProperties' || unit.keyword === 'unevaluatedProperties') {
    const extra = /Property "([^"]*)"/i.exec(unit.error)?.[1];
    return {
      pointer: extra === undefined ? pointer : `${pointer}${pointerStep(extra)}`,
      message: 'There is no such field.',
    };
  }
  if (echoes.has(unit.keyword)) return undefined;
  return { pointer, message: messageOf(unit) };
}

function messageOf(unit: OutputUnit): string {
  const numbers = unit.error.match(/-?\d+(?:\.\d+)?/g) ?? [];
  const limit = numbers.at(-1) ?? '';
  switch (unit.keyword) {
    case 'type':
      return `This must be ${withArticle(/Expected "([^"]+)"/.exec(unit.error)?.[1] ?? 'of another type')}.`;
    case 'minLength':
      return `This must have at least ${numbers.at(-1)} characters.`.replace(
        ' 1 characters',
        ' one character',
      );
    case 'maxLength':
      return `This must have at most ${limit} characters.`;
    case 'minimum':
      return `This must be ${limit} or more.`;
    case 'maximum':
      return `This must be ${limit} or less.`;
    case 'exclusiveMinimum':
      return `This must be more than ${limit}.`;
    case 'exclusiveMaximum':
      return `This must be less than ${limit}.`;
    case 'enum':
    case 'const':
      return 'This is not one of the allowed values.';
    case 'pattern':
      return 'This does not have the expected form.';
    case 'format':
      return `This is not a valid ${/format "([^"]+)"/.exec(unit.error)?.[1] ?? 'value'}.`;
    case 'minItems':
      return `There must be at least ${limit}.`;
    case 'maxItems':
      return `There must be at most ${limit}.`;
    case 'uniqueItems':
      return 'Each of these must be different.';
    default:
      return unit.error;
  }
}

const withArticle = (type: string) =>
  type === 'null' ? 'empty' : `${/^[aeio]/.test(type) ? 'an' : 'a'} ${type}`;

/** Errors of the server at the fields they belong to; what belongs to none stays with the form. */
export function atFields(fields: readonly FieldError[]): Map<string, string> {
  const errors = new Map<string, string>();
  for (const { pointer, message } of fields) {
    errors.set(pointer.replace(/^\/(?:input|inputs)(?=\/|$)/, ''), message);
  }
  return errors;
}
