import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '@/api/types';
import { initialValue, readField } from './field';
import { SchemaForm } from './schema-form';
import { atFields, validate } from './validate';

const schema: JsonObject = {
  type: 'object',
  required: ['text', 'count'],
  additionalProperties: false,
  properties: {
    tone: { enum: ['calm', 'loud'] },
    text: { type: 'string', minLength: 3, description: 'What to read.' },
    title: { type: 'string' },
    count: { type: 'integer', minimum: 1, maximum: 9, default: 2 },
    deep: { type: 'boolean', title: 'Go deep' },
    owner: {
      type: 'object',
      required: ['email'],
      properties: { email: { type: 'string', format: 'email' } },
    },
    tags: { type: 'array', items: { type: 'string' }, maxItems: 2 },
    anything: { type: 'object' },
    shared: { $ref: '#/$defs/shared' },
  },
  $defs: { shared: { type: 'number', title: 'Shared number' } },
};

describe('readField', () => {
  const field = readField(schema, schema);
  const kinds =
    field.kind === 'object'
      ? Object.fromEntries(field.fields.map((one) => [one.key, one.kind]))
      : {};

  it('finds a control for each type', () => {
    expect(kinds).toEqual({
      text: 'text',
      count: 'number',
      tone: 'enum',
      title: 'text',
      deep: 'boolean',
      owner: 'object',
      tags: 'array',
      anything: 'json',
      shared: 'number',
    });
  });
  it('puts required fields first', () => {
    expect(Object.keys(kinds).slice(0, 2)).toEqual(['text', 'count']);
  });
  it('starts from the defaults', () => {
    expect(initialValue(field)).toEqual({ count: 2 });
  });
  it.each([
    [{ type: 'string', contentMediaType: 'text/markdown' }, 'x', true],
    [{ type: 'string', 'x-multiline': true }, 'x', true],
    [{ type: 'string', 'x-multiline': false }, 'text', false],
    [{ type: 'string' }, 'body', true],
    [{ type: 'string', maxLength: 5000 }, 'x', true],
    [{ type: 'string', maxLength: 80 }, 'text', false],
    [{ type: 'string', format: 'email' }, 'message', false],
    [{ type: 'string', 'x-ui': { widget: 'textarea' } }, 'x', true],
  ])('%j as %s is long: %s', (one, key, long) => {
    expect(readField(one as JsonObject, {}, key)).toMatchObject({ kind: 'text', long });
  });
  it('does not follow a reference round in circles', () => {
    const tree: JsonObject = {
      $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } } },
      $ref: '#/$defs/node',
    };
    expect(readField(tree, tree).kind).toBe('object');
  });
});

describe('validate', () => {
  it('names each wrong place once, in words', () => {
    const errors = validate(schema, {
      text: 'a',
      count: 1.5,
      tone: 'x',
      tags: ['a', 'b', 'c'],
      owner: {},
      more: 1,
    });
    expect(Object.fromEntries(errors)).toEqual({
      '/text': 'This must have at least 3 characters.',
      '/count': 'This must be an integer.',
      '/tone': 'This is not one of the allowed values.',
      '/tags': 'There must be at most 2.',
      '/owner/email': 'This is required.',
      '/more': 'There is no such field.',
    });
  });
  it('passes what matches', () => {
    expect(validate(schema, { text: 'abc', count: 3 }).size).toBe(0);
  });
  it('leaves a schema it cannot read to the server', () => {
    expect(validate({ $ref: 'https://elsewhere.example/x' }, 1).size).toBe(0);
  });
  it('takes the errors of the server to their fields', () => {
    const errors = atFields([
      { pointer: '/input/text', message: 'No.' },
      { pointer: '/input', message: 'Never.' },
    ]);
    expect(Object.fromEntries(errors)).toEqual({ '/text': 'No.', '': 'Never.' });
  });
});

function Harness({
  seen,
  errors,
}: {
  seen: (value: Json | undefined) => void;
  errors?: Map<string, string>;
}) {
  const field = readField(schema, schema);
  const [value, setValue] = useState<Json | undefined>(initialValue(field));
  return (
    <SchemaForm
      field={field}
      value={value}
      errors={errors ?? new Map()}
      pointer=""
      onChange={(next) => {
        setValue(next);
        seen(next);
      }}
    />
  );
}

describe('SchemaForm', () => {
  it('collects what is typed, with the types of the schema', async () => {
    let value: Json | undefined;
    render(
      <Harness
        seen={(next) => {
          value = next;
        }}
      />,
    );
    const user = userEvent.setup();
    await user.type(screen.getByLabelText('Text'), 'Hello');
    await user.clear(screen.getByLabelText('Count'));
    await user.type(screen.getByLabelText('Count'), '7');
    await user.selectOptions(screen.getByLabelText(/^Tone/), 'loud');
    await user.click(screen.getByLabelText('Go deep'));
    await user.type(screen.getByLabelText('Email'), 'a@b.c');
    await user.click(screen.getByRole('button', { name: 'Add item' }));
    await user.type(screen.getByRole('group', { name: /Tags/ }).querySelector('input')!, 'x');
    await user.type(screen.getByLabelText(/^Shared number/), '1.5');
    expect(value).toEqual({
      text: 'Hello',
      count: 7,
      tone: 'loud',
      deep: true,
      owner: { email: 'a@b.c' },
      tags: ['x'],
      shared: 1.5,
    });
  });

  it('takes out what is emptied', async () => {
    let value: Json | undefined;
    render(
      <Harness
        seen={(next) => {
          value = next;
        }}
      />,
    );
    const user = userEvent.setup();
    await user.type(screen.getByLabelText(/^Title/), 'x');
    await user.clear(screen.getByLabelText(/^Title/));
    expect(value).toEqual({ count: 2 });
  });

  it('reads a file into a long text', async () => {
    let value: Json | undefined;
    render(
      <Harness
        seen={(next) => {
          value = next;
        }}
      />,
    );
    const file = new File(['# Title'], 'a.md', { type: 'text/markdown' });
    file.text = async () => '# Title';
    await userEvent.setup().upload(screen.getByLabelText('Choose a file'), file);
    expect(value).toEqual({ count: 2, text: '# Title' });
    expect(screen.getByText(/a\.md/)).toBeDefined();
  });

  it('shows errors at their fields and ties them to the control', () => {
    render(<Harness seen={() => undefined} errors={new Map([['/text', 'Too short.']])} />);
    const control = screen.getByLabelText('Text');
    expect(control.getAttribute('aria-invalid')).toBe('true');
    const described = control.getAttribute('aria-describedby')?.split(' ') ?? [];
    expect(described.map((id) => document.getElementById(id)?.textContent)).toContain('Too short.');
  });
});
