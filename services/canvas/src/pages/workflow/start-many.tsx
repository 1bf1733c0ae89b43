import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { FileUp, Layers } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { batchStart } from '@/api/operations';
import { versionQuery } from '@/api/queries';
import type { BatchStartResult, Json, JsonObject } from '@/api/types';
import { validate } from '@/form/validate';
import { asObject } from '@/graph/document';
import { idOf } from '@/lib/format';
import { randomId } from '@/lib/random';
import { Button, ProblemNotice, ProblemPage, Skeleton, TextArea } from '@/ui/basics';
import { Dialog } from '@/ui/dialog';
import css from './workflow.module.css';

interface StartManyProps {
  name: string;
  title: string;
  version: number;
  onClose: () => void;
}

/** What one call takes; more lines are sent in several. */
const mostPerCall = 1000;
const mostShown = 50;

export interface Line {
  number: number;
  input?: Json;
  problem?: string;
}

/** One input a line, as JSON; empty lines are left out. */
export function readLines(text: string, schema: JsonObject): Line[] {
  const lines: Line[] = [];
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '') return;
    const number = index + 1;
    try {
      const input = JSON.parse(line) as Json;
      const [first] = validate(schema, input);
      lines.push(
        first ? { number, problem: `${first[0] || 'input'}: ${first[1]}` } : { number, input },
      );
    } catch (error) {
      lines.push({ number, problem: error instanceof Error ? error.message : String(error) });
    }
  });
  return lines;
}

/** An execution for each line of a text or file. */
export function StartManyDialog(props: StartManyProps) {
  const { data, error, refetch } = useQuery(versionQuery(props.name, props.version));
  if (data) return <StartMany {...props} schema={asObject(data.document?.['inputs'])} />;
  return (
    <Dialog title={`Start ${props.title} many times`} onClose={props.onClose}>
      {error ? <ProblemPage error={error} onRetry={refetch} /> : <Skeleton width="70%" />}
    </Dialog>
  );
}

function StartMany({ name, title, version, schema, onClose }: StartManyProps & { schema: JsonObject }) {
  const [text, setText] = useState('');
  const lines = useMemo(() => readLines(text, schema), [text, schema]);
  const broken = lines.filter((line) => line.problem !== undefined);
  // The same lines sent again after a lost answer start nothing twice.
  const prefix = useRef(randomId());
  const file = useRef<HTMLInputElement>(null);
  const start = useMutation({
    mutationFn: async () => {
      const results: BatchStartResult[] = [];
      for (let first = 0; first < lines.length; first += mostPerCall) {
        const requests = lines.slice(first, first + mostPerCall).map((line) => ({
          input: line.input ?? null,
          version,
          requestId: `${prefix.current}-${line.number}`,
        }));
        results.push(...(await batchStart(name, requests)));
      }
      return results;
    },
  });
  if (start.data) {
    return <Started title={title} name={name} lines={lines} results={start.data} onClose={onClose} />;
  }
  const edit = (next: string) => {
    prefix.current = randomId();
    start.reset();
    setText(next);
  };
  return (
    <Dialog
      title={`Start ${title} many times`}
      onClose={onClose}
      size="wide"
      foot={
        <>
          <span className={css.grow}>Version {version}</span>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            disabled={start.isPending || lines.length === 0 || broken.length > 0}
            onClick={() => start.mutate()}
          >
            <Layers size={14} aria-hidden />
            {start.isPending ? 'Starting…' : `Start ${lines.length || ''}`}
          </Button>
        </>
      }
    >
      <div className={css.many}>
        <div className={css.modes}>
          <span id="many-hint">One input a line, as JSON. Each line starts one execution.</span>
          <Button size="small" onClick={() => file.current?.click()}>
            <FileUp size={14} aria-hidden /> Read a file
          </Button>
          <input
            ref={file}
            type="file"
            accept=".jsonl,.ndjson,.json,.txt"
            hidden
            onChange={async ({ target }) => edit((await target.files?.[0]?.text()) ?? '')}
          />
        </div>
        <TextArea
          className="mono"
          rows={12}
          spellCheck={false}
          aria-label="Inputs, one a line"
          aria-describedby="many-hint"
          aria-invalid={broken.length > 0 ? true : undefined}
          placeholder={'{"n": 1}\n{"n": 2}'}
          value={text}
          onChange={({ target }) => edit(target.value)}
        />
        <Mistakes lines={broken} all={lines.length} />
        {start.error && <ProblemNotice error={start.error} />}
      </div>
    </Dialog>
  );
}

function Mistakes({ lines, all }: { lines: Line[]; all: number }) {
  if (lines.length === 0) return null;
  return (
    <div className={css.mistakes} role="alert">
      <strong>
        {lines.length} of {all} {all === 1 ? 'line' : 'lines'} cannot be started
      </strong>
      <ul>
        {lines.slice(0, 8).map((line) => (
          <li key={line.number}>
            <span className="mono">line {line.number}</span> {line.problem}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Started(props: {
  title: string;
  name: string;
  lines: Line[];
  results: BatchStartResult[];
  onClose: () => void;
}) {
  const { lines, results } = props;
  const refused = results.flatMap((result, index) =>
    result.error ? [{ number: lines[index]?.number ?? 0, error: result.error }] : [],
  );
  const started = results.length - refused.length;
  return (
    <Dialog
      title={`Start ${props.title} many times`}
      onClose={props.onClose}
      size="wide"
      foot={
        <Button kind="primary" onClick={props.onClose}>
          Close
        </Button>
      }
    >
      <div className={css.many}>
        <p role="status">
          <strong>{started}</strong> {started === 1 ? 'execution has' : 'executions have'} started.{' '}
          <Link
            className={css.wordLink}
            to="/workflows/$workflowId"
            params={{ workflowId: idOf(props.name) }}
            search={{ tab: 'executions' }}
          >
            Show them
          </Link>
        </p>
        {refused.length > 0 && (
          <div className={css.mistakes} role="alert">
            <strong>{refused.length} were refused</strong>
            <ul>
              {refused.slice(0, mostShown).map(({ number, error }) => (
                <li key={number}>
                  <span className="mono">line {number}</span>{' '}
                  <span className="mono">{error.reason}</span> {error.message}
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </Dialog>
  );
}
