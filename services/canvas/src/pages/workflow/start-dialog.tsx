import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Play } from 'lucide-react';
import { type FormEvent, useMemo, useRef, useState } from 'react';
import { startExecution } from '@/api/operations';
import { asProblem } from '@/api/problem';
import { versionQuery } from '@/api/queries';
import type { Json, JsonObject } from '@/api/types';
import { type Field, initialValue, readField } from '@/form/field';
import { RawJson, SchemaForm } from '@/form/schema-form';
import { atFields, validate } from '@/form/validate';
import { asObject } from '@/graph/document';
import { idOf } from '@/lib/format';
import { randomId } from '@/lib/random';
import { Button, Input, ProblemNotice, ProblemPage, Select, Skeleton } from '@/ui/basics';
import { Dialog } from '@/ui/dialog';
import { Segments } from '@/ui/tabs';
import css from './workflow.module.css';

interface StartDialogProps {
  name: string;
  title: string;
  version: number;
  onClose: () => void;
}

/** Starts the newest version with an input that matches its schema. */
export function StartDialog(props: StartDialogProps) {
  const { data, error, refetch } = useQuery(versionQuery(props.name, props.version));
  if (data) return <StartForm {...props} schema={asObject(data.document?.['inputs'])} />;
  return (
    <Dialog title={`Start ${props.title}`} onClose={props.onClose}>
      {error ? <ProblemPage error={error} onRetry={refetch} /> : <Skeleton width="70%" />}
    </Dialog>
  );
}

function StartForm({
  name,
  title,
  version,
  onClose,
  schema,
}: StartDialogProps & { schema: JsonObject }) {
  const field = useMemo(
    () => ({ ...readField(schema, schema), required: true }) as Field,
    [schema],
  );
  const formless =
    field.kind === 'json' ||
    (field.kind === 'object' &&
      field.fields.length === 0 &&
      schema['additionalProperties'] !== false);
  const [mode, setMode] = useState<'form' | 'json'>(
    formless && Object.keys(schema).length > 1 && !schema['properties'] ? 'json' : 'form',
  );
  const [value, setValue] = useState<Json | undefined>(() => initialValue(field) ?? {});
  const [errors, setErrors] = useState<ReadonlyMap<string, string>>(new Map());
  const [businessKey, setBusinessKey] = useState('');
  const [useExisting, setUseExisting] = useState(false);
  const [priority, setPriority] = useState(usual);
  const form = useRef<HTMLFormElement>(null);
  const requestId = useRequestId();
  const navigate = useNavigate();

  const start = useMutation({
    mutationFn: (input: Json) => {
      const body = {
        input,
        version,
        ...(businessKey && { businessKey, useExisting }),
        ...(priority !== usual && { priority }),
      };
      return startExecution(name, { ...body, requestId: requestId(body) });
    },
    onSuccess: (execution) =>
      navigate({ to: '/executions/$executionId', params: { executionId: idOf(execution.name) } }),
    onError: (error) => show(atFields(asProblem(error).fields)),
  });
  const show = (found: ReadonlyMap<string, string>) => {
    setErrors(found);
    requestAnimationFrame(() => {
      form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const unreadable = form.current?.querySelector<HTMLElement>('textarea:invalid');
    if (unreadable) {
      unreadable.focus();
      return;
    }
    const found = validate(schema, value ?? {});
    if (found.size > 0) show(found);
    else start.mutate(value ?? {});
  };
  const homeless =
    mode === 'json'
      ? errors
      : new Map([...errors].filter(([pointer]) => !hasField(form.current, pointer)));
  return (
    <Dialog
      title={`Start ${title}`}
      onClose={onClose}
      size="wide"
      foot={
        <>
          <span className={css.grow}>Version {version}</span>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="start-form" disabled={start.isPending}>
            <Play size={14} aria-hidden /> {start.isPending ? 'Starting…' : 'Start'}
          </Button>
        </>
      }
    >
      <form id="start-form" ref={form} onSubmit={submit} noValidate>
        <div className={css.modes}>
          <span>
            {nothingToFill(field) && mode === 'form' ? 'This workflow needs no input.' : 'Input'}
          </span>
          <Segments
            label="How to enter the input"
            items={[
              { id: 'form', label: 'Form' },
              { id: 'json', label: 'JSON' },
            ]}
            selected={mode}
            onSelect={setMode}
          />
        </div>
        {start.error && (homeless.size > 0 || errors.size === 0) ? (
          <div className={css.error}>
            <ProblemNotice error={start.error} />
          </div>
        ) : (
          [...homeless].map(([pointer, message]) => (
            <p key={pointer} className={css.error} role="alert">
              <span className="mono">{pointer || 'input'}</span>: {message}
            </p>
          ))
        )}
        {mode === 'form' ? (
          <SchemaForm field={field} value={value} onChange={setValue} errors={errors} pointer="" />
        ) : (
          <RawJson value={value} onChange={setValue} />
        )}
        <label className={css.key}>
          <span>
            Business key <small>what it is about; one running execution at a time has it</small>
          </span>
          <Input
            value={businessKey}
            maxLength={255}
            placeholder="order 17"
            onChange={({ target }) => setBusinessKey(target.value)}
          />
        </label>
        {businessKey && (
          <label className={css.existing}>
            <input
              type="checkbox"
              checked={useExisting}
              onChange={({ target }) => setUseExisting(target.checked)}
            />
            Where one has it, open that one
          </label>
        )}
        <label className={css.key}>
          <span>
            Priority <small>who of those that wait goes first</small>
          </span>
          <Select value={priority} onChange={({ target }) => setPriority(Number(target.value))}>
            {[1, 2, 3, 4, 5].map((one) => (
              <option key={one} value={one}>
                {one}
                {priorityNotes[one]}
              </option>
            ))}
          </Select>
        </label>
      </form>
    </Dialog>
  );
}

/** As of an execution that is started without one. */
const usual = 3;
const priorityNotes: Record<number, string> = { 1: ' (first)', 3: ' (as usual)', 5: ' (last)' };

const nothingToFill = (field: Field) => field.kind === 'object' && field.fields.length === 0;

const hasField = (form: HTMLFormElement | null, pointer: string) =>
  form?.querySelector(`[data-pointer=${JSON.stringify(pointer)}]`) != null;

/** Sending the same start again after a lost answer must not start twice: same body, same id. */
function useRequestId(): (request: object) => string {
  const last = useRef({ body: '', id: '' });
  return (request) => {
    const body = JSON.stringify(request);
    if (last.current.body !== body) last.current = { body, id: randomId() };
    return last.current.id;
  };
}
