import { Plus, Trash2 } from 'lucide-react';
import { type ReactNode, useId, useState } from 'react';
import type { Json, JsonObject } from '@/api/types';
import { asObject } from '@/graph/document';
import { pointerStep } from '@/lib/pointer';
import { Button, Input, Select, TextArea } from '@/ui/basics';
import { type Field, initialValue, withProperty } from './field';
import css from './schema-form.module.css';
import { TextField } from './text-field';

export interface FieldProps<F extends Field = Field> {
  field: F;
  value: Json | undefined;
  onChange: (value: Json | undefined) => void;
  /** By JSON Pointer. */
  errors: ReadonlyMap<string, string>;
  pointer: string;
}

/** A form made from a JSON Schema. Fields report what is wrong with them, at their place. */
export function SchemaForm(props: FieldProps) {
  const { field } = props;
  if (field.kind !== 'object') {
    return (
      <div className={css.form}>
        <AnyField {...props} />
      </div>
    );
  }
  return (
    <div className={css.form}>
      <Properties {...props} field={field} />
    </div>
  );
}

function Properties({
  field,
  value,
  onChange,
  errors,
  pointer,
}: FieldProps<Field & { kind: 'object' }>) {
  return field.fields.map((child) => (
    <AnyField
      key={child.key}
      field={child}
      value={asObject(value)[child.key]}
      onChange={(next) => onChange(withProperty(value, child.key, next))}
      errors={errors}
      pointer={pointer + pointerStep(child.key)}
    />
  ));
}

function AnyField(props: FieldProps): ReactNode {
  const { field } = props;
  switch (field.kind) {
    case 'text':
      return (
        <Labelled {...props}>{(ids) => <TextField {...props} field={field} {...ids} />}</Labelled>
      );
    case 'number':
      return (
        <Labelled {...props}>{(ids) => <NumberField {...props} field={field} {...ids} />}</Labelled>
      );
    case 'boolean':
      return <BooleanField {...props} />;
    case 'enum':
      return (
        <Labelled {...props}>{(ids) => <EnumField {...props} field={field} {...ids} />}</Labelled>
      );
    case 'object':
      return (
        <Group {...props}>
          <div className={css.nested}>
            <Properties {...props} field={field} />
          </div>
        </Group>
      );
    case 'array':
      return (
        <Group {...props}>
          <ArrayField {...props} field={field} />
        </Group>
      );
    case 'json':
      return <Labelled {...props}>{(ids) => <JsonField {...props} {...ids} />}</Labelled>;
  }
}

export interface ControlIds {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': boolean | undefined;
  'aria-required': boolean | undefined;
}

function Labelled({
  field,
  errors,
  pointer,
  children,
}: FieldProps & { children: (ids: ControlIds) => ReactNode }) {
  const id = useId();
  const error = errors.get(pointer);
  const described = [field.description && `${id}-hint`, error && `${id}-error`].filter(Boolean);
  return (
    <div className={css.field} data-pointer={pointer}>
      {field.title && (
        <label className={css.label} htmlFor={id}>
          {field.title}
          {!field.required && <span className={css.optional}>optional</span>}
        </label>
      )}
      {children({
        id,
        'aria-describedby': described.join(' ') || undefined,
        'aria-invalid': error ? true : undefined,
        'aria-required': field.required || undefined,
      })}
      <Notes id={id} field={field} error={error} />
    </div>
  );
}

function Group({ field, errors, pointer, children }: FieldProps & { children: ReactNode }) {
  const id = useId();
  const error = errors.get(pointer);
  return (
    <fieldset
      className={css.field}
      data-pointer={pointer}
      aria-describedby={error && `${id}-error`}
    >
      {field.title && (
        <legend className={css.label}>
          {field.title}
          {!field.required && <span className={css.optional}>optional</span>}
        </legend>
      )}
      {children}
      <Notes id={id} field={field} error={error} />
    </fieldset>
  );
}

function Notes({ id, field, error }: { id: string; field: Field; error: string | undefined }) {
  return (
    <>
      {field.description && (
        <span id={`${id}-hint`} className={css.hint}>
          {field.description}
        </span>
      )}
      {error && (
        <span id={`${id}-error`} className={css.error} role="alert">
          {error}
        </span>
      )}
    </>
  );
}

function NumberField(props: FieldProps<Field & { kind: 'number' }> & ControlIds) {
  const { field, value, onChange, errors: _, pointer: __, ...ids } = props;
  // What is typed may not be a number yet ("-", "1e"): keep it until it is.
  const [typed, setTyped] = useState(value === undefined ? '' : String(value));
  const shown =
    Number(typed) === value || typed === '' || value === typed ? typed : String(value ?? typed);
  return (
    <Input
      {...ids}
      inputMode={field.integer ? 'numeric' : 'decimal'}
      value={shown}
      placeholder={rangeOf(field.schema)}
      onChange={({ target }) => {
        setTyped(target.value);
        const number = Number(target.value);
        if (target.value.trim() === '') onChange(undefined);
        else onChange(Number.isFinite(number) ? number : target.value);
      }}
    />
  );
}

function rangeOf(schema: JsonObject): string | undefined {
  const { minimum, maximum } = schema;
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  if (minimum !== undefined) return `${minimum} or more`;
  return maximum === undefined ? undefined : `up to ${maximum}`;
}

function BooleanField({ field, value, onChange, errors, pointer }: FieldProps) {
  const id = useId();
  return (
    <div className={css.field} data-pointer={pointer}>
      <label className={css.check}>
        <input
          type="checkbox"
          checked={value === true}
          onChange={({ target }) => onChange(target.checked)}
        />
        {field.title}
      </label>
      <Notes id={id} field={field} error={errors.get(pointer)} />
    </div>
  );
}

function EnumField(props: FieldProps<Field & { kind: 'enum' }> & ControlIds) {
  const { field, value, onChange, errors: _, pointer: __, ...ids } = props;
  const at = field.options.findIndex((option) => JSON.stringify(option) === JSON.stringify(value));
  return (
    <Select
      {...ids}
      value={at}
      onChange={({ target }) => onChange(field.options[Number(target.value)])}
    >
      {(at < 0 || !field.required) && (
        <option value={-1}>{field.required ? 'Choose…' : '–'}</option>
      )}
      {field.options.map((option, index) => (
        <option key={JSON.stringify(option)} value={index}>
          {typeof option === 'string' ? option : JSON.stringify(option)}
        </option>
      ))}
    </Select>
  );
}

function ArrayField({
  field,
  value,
  onChange,
  errors,
  pointer,
}: FieldProps<Field & { kind: 'array' }>) {
  const items = Array.isArray(value) ? value : [];
  const replace = (index: number, next: Json | undefined) =>
    onChange(items.map((item, at) => (at === index ? (next ?? null) : item)));
  return (
    <>
      {items.map((item, index) => (
        <div key={index} className={css.item}>
          <AnyField
            field={{ ...field.item, title: '' }}
            value={item ?? undefined}
            onChange={(next) => replace(index, next)}
            errors={errors}
            pointer={`${pointer}/${index}`}
          />
          <Button
            kind="quiet"
            icon={Trash2}
            aria-label={`Remove item ${index + 1}`}
            onClick={() => onChange(items.filter((_, at) => at !== index))}
          />
        </div>
      ))}
      <div>
        <Button
          size="small"
          onClick={() =>
            onChange([
              ...items,
              initialValue(field.item) ?? (field.item.kind === 'text' ? '' : null),
            ])
          }
        >
          <Plus size={14} aria-hidden /> Add item
        </Button>
      </div>
    </>
  );
}

/** Anything the other fields cannot show: checked as JSON while typing. */
function JsonField(props: FieldProps & ControlIds) {
  const { field: _, value, onChange, errors: __, pointer: ___, ...ids } = props;
  return <RawJson {...ids} value={value} onChange={onChange} rows={4} />;
}

export function RawJson(
  props: {
    value: Json | undefined;
    onChange: (value: Json | undefined) => void;
    rows?: number;
    /** For screen readers, where no label belongs to it. */
    label?: string;
  } & Partial<ControlIds>,
) {
  const { value, onChange, rows, label, ...ids } = props;
  const [text, setText] = useState(value === undefined ? '' : JSON.stringify(value, null, 2));
  const [broken, setBroken] = useState<string>();
  return (
    <div className={rows ? undefined : css.raw}>
      <TextArea
        {...ids}
        rows={rows}
        className="mono"
        spellCheck={false}
        aria-label={ids.id ? undefined : (label ?? 'Input as JSON')}
        aria-invalid={broken ? true : ids['aria-invalid']}
        value={text}
        onChange={({ target }) => {
          setText(target.value);
          try {
            onChange(target.value.trim() === '' ? undefined : (JSON.parse(target.value) as Json));
            setBroken(undefined);
            target.setCustomValidity('');
          } catch (error) {
            const message = error instanceof Error ? error.message : String(error);
            setBroken(message);
            // Whoever submits the form asks for this: the value above is the last readable one.
            target.setCustomValidity(message);
          }
        }}
      />
      {broken && (
        <span className={css.error} role="alert">
          {broken}
        </span>
      )}
    </div>
  );
}
