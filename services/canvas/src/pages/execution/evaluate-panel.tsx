import { useQuery } from '@tanstack/react-query';
import { Play } from 'lucide-react';
import { useEffect, useId, useMemo, useRef, useState } from 'react';
import type { ExpressionPlace } from '@/api/operations';
import { evaluationQuery } from '@/api/queries';
import type { ExpressionProblem, Json } from '@/api/types';
import { ExpressionInput } from '@/expression/expression-input';
import { replaced } from '@/expression/marks';
import { ProblemList } from '@/expression/problem-list';
import type { Checked } from '@/expression/use-check';
import { useCan } from '@/session/session';
import { useShortcuts } from '@/shell/shortcuts';
import { Button, Chip, CopyButton, ProblemNotice } from '@/ui/basics';
import { JsonView } from '@/ui/json/json-view';
import css from './evaluate-panel.module.css';

/** What is typed, and what of it was evaluated last; both outlive the choice of another step. */
export interface Evaluation {
  text: string;
  ran: string;
}

interface EvaluatePanelProps {
  place: ExpressionPlace;
  evaluation: Evaluation;
  onEvaluation: (evaluation: Evaluation) => void;
}

/** Problems are shown once somebody has stopped typing: half an expression is always wrong. */
const calmMs = 700;

/** An expression over what the execution, or one of its steps, has seen. */
export function EvaluatePanel({ place, evaluation, onEvaluation }: EvaluatePanelProps) {
  const allowed = useCan('expressions.evaluate');
  return allowed ? <Panel {...{ place, evaluation, onEvaluation }} /> : null;
}

function Panel({ place, evaluation, onEvaluation }: EvaluatePanelProps) {
  const { text, ran } = evaluation;
  const input = useRef<{ focus: () => void }>(null);
  const problemsId = useId();
  const canCheck = useCan('expressions.check');
  const [checked, setChecked] = useState<Checked>();
  const calm = useCalm(text);
  const result = useQuery(evaluationQuery(place, ran));
  useShortcuts(useMemo(() => ({ e: () => input.current?.focus() }), []));

  const current = ran === text && text !== '' ? result.data : undefined;
  const settled = calm && checked?.text === text ? checked.answer.problems : undefined;
  const problems: ExpressionProblem[] = text === '' ? [] : (current?.problems ?? settled ?? []);
  const submit = () => {
    if (text.trim() === '') return;
    if (ran === text) void result.refetch();
    else onEvaluation({ text, ran: text });
  };
  const fix = (problem: ExpressionProblem) => {
    const next = replaced(text, problem.offset ?? 0, problem.length ?? 0, problem.suggestion ?? '');
    onEvaluation({ text: next.text, ran });
    input.current?.focus();
  };
  return (
    <section className={css.panel} aria-label="Evaluate" data-busy={result.isFetching || undefined}>
      <header className={css.head}>
        <h3>Evaluate</h3>
        <small className="truncate">
          {place.step ? (
            <>
              as <span className="mono">{place.step}</span> saw it
            </>
          ) : (
            'over the whole execution'
          )}
        </small>
        <Button size="small" disabled={text.trim() === ''} onClick={submit} title="Enter">
          <Play size={12} aria-hidden /> Evaluate
        </Button>
      </header>
      <ExpressionInput
        ref={input}
        place={place}
        label="Expression"
        placeholder="nodes.classify.output.label == 'refund'"
        value={text}
        onChange={(next) => onEvaluation({ text: next, ran })}
        onSubmit={submit}
        problems={problems}
        describedBy={problemsId}
        onChecked={setChecked}
        canCheck={canCheck}
      />
      <ProblemList id={problemsId} problems={problems} onFix={fix} />
      {result.error && ran !== '' && <ProblemNotice error={result.error} />}
      {ran !== '' && result.data?.value !== undefined && (
        <div className={css.result} data-stale={ran !== text || undefined}>
          <Value value={result.data.value} />
          <div className={css.facts}>
            <Chip title="Type">{result.data.type}</Chip>
            <Chip title="Units of the cost limit that it used">
              cost {result.data.cost ?? 0}
            </Chip>
            {ran !== text && <span>of the expression before your changes</span>}
          </div>
        </div>
      )}
      <p className="sr-only" role="status">
        {current?.value !== undefined && `Result of type ${current.type}`}
      </p>
    </section>
  );
}

/** Most results are one word; the others are read like every JSON here. */
function Value({ value }: { value: Json }) {
  const short = typeof value === 'string' ? shortText.test(value) : !isTree(value);
  if (!short) return <JsonView title="Result" value={value} />;
  return (
    <div className={css.scalar} role="region" aria-label="Result">
      <code data-type={value === null ? 'null' : typeof value}>{JSON.stringify(value)}</code>
      <CopyButton
        label="Copy result"
        text={() => (typeof value === 'string' ? value : JSON.stringify(value))}
      />
    </div>
  );
}

const shortText = /^.{0,200}$/;
const isTree = (value: Json) => typeof value === 'object' && value !== null;

/** Whether the text has stood for a moment. */
function useCalm(text: string): boolean {
  const [stood, setStood] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setStood(text), calmMs);
    return () => clearTimeout(timer);
  }, [text]);
  return stood === text;
}
