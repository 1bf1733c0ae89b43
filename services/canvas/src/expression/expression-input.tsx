import {
  type KeyboardEvent,
  type Ref,
  useEffect,
  useId,
  useImperativeHandle,
  useRef,
  useState,
} from 'react';
import type { ExpressionPlace } from '@/api/operations';
import type { ExpressionCompletion, ExpressionProblem } from '@/api/types';
import { CompletionList, optionId } from './completion-list';
import css from './expression.module.css';
import { invites, pieces, replaced } from './marks';
import { type Checked, useCheck } from './use-check';

interface ExpressionInputProps {
  place: ExpressionPlace;
  label: string;
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
  onSubmit: () => void;
  /** Underlined in the text; told in words elsewhere, in the element `describedBy`. */
  problems: ExpressionProblem[];
  describedBy: string;
  onChecked: (checked: Checked) => void;
  canCheck: boolean;
  ref?: Ref<{ focus: () => void }>;
}

/**
 * A field for an expression: completions from the server, problems underlined. Enter submits,
 * Shift+Enter begins a line; Tab takes a completion, Ctrl+Space asks for them, Esc closes them.
 */
export function ExpressionInput(props: ExpressionInputProps) {
  const { value, onChange, onSubmit, problems } = props;
  const field = useRef<HTMLTextAreaElement>(null);
  const listId = useId();
  const [cursor, setCursor] = useState(0);
  // Asked for by typing or by key; closed by Esc, by choosing and by leaving.
  const [asked, setAsked] = useState(false);
  const [at, setAt] = useState(0);
  const [picked, setPicked] = useState(false);
  useImperativeHandle(props.ref, () => ({ focus: () => field.current?.focus() }), []);

  const checked = useCheck(props.place, value, cursor, props.canCheck);
  const { onChecked } = props;
  useEffect(() => {
    if (checked) onChecked(checked);
  }, [checked, onChecked]);
  const fresh = checked?.text === value && checked.cursor === cursor;
  const completions = checked?.answer.completions;
  const items = asked && fresh ? offered(value, checked) : [];
  const open = items.length > 0;

  const type = (text: string, place: number, ask: boolean) => {
    onChange(text);
    setCursor(place);
    setAsked(ask);
    setAt(0);
    setPicked(false);
  };
  const choose = (item: ExpressionCompletion | undefined) => {
    if (!item) return;
    const next = replaced(
      value,
      completions?.offset ?? 0,
      completions?.length ?? 0,
      item.insert ?? item.label ?? '',
    );
    type(next.text, next.cursor, next.text.slice(0, next.cursor).endsWith('.'));
    // After React has written the text.
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(next.cursor, next.cursor);
    });
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === ' ' && event.ctrlKey) {
      setAsked(true);
    } else if (open && step) {
      setAt((at + step + items.length) % items.length);
      setPicked(true);
    } else if (open && event.key === 'Escape') {
      setAsked(false);
      event.stopPropagation();
    } else if (open && (event.key === 'Tab' || (event.key === 'Enter' && picked))) {
      choose(items[at]);
    } else if (event.key === 'Enter' && !event.shiftKey) {
      setAsked(false);
      onSubmit();
    } else {
      return;
    }
    event.preventDefault();
  };

  return (
    <div className={css.editor}>
      <pre className={css.marks} aria-hidden>
        {pieces(value, problems).map((piece, index) => (
          // Pieces have no identity beyond their place.
          <span key={index} data-severity={piece.severity}>
            {piece.text}
          </span>
        ))}
        {'\n'}
      </pre>
      <textarea
        ref={field}
        className={css.field}
        aria-label={props.label}
        aria-describedby={props.describedBy}
        aria-invalid={problems.some((problem) => problem.severity !== 'WARNING')}
        aria-autocomplete="list"
        aria-haspopup="listbox"
        aria-controls={open ? listId : undefined}
        aria-activedescendant={open ? optionId(listId, at) : undefined}
        placeholder={props.placeholder}
        rows={1}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        value={value}
        onChange={({ target }) =>
          type(target.value, target.selectionEnd, invites(target.value, target.selectionEnd))
        }
        onSelect={({ currentTarget }) => setCursor(currentTarget.selectionEnd)}
        onBlur={() => setAsked(false)}
        onKeyDown={onKeyDown}
      />
      {open && (
        <CompletionList
          id={listId}
          items={items}
          at={at}
          onAt={setAt}
          onChoose={choose}
        />
      )}
    </div>
  );
}

/** The completions of an answer; none where the one there is stands in the text already. */
function offered(text: string, { answer }: Checked): ExpressionCompletion[] {
  const { items = [], offset = 0, length = 0 } = answer.completions ?? {};
  const typed = text.slice(offset, offset + length);
  return items.every((item) => item.insert === typed) ? [] : items;
}
