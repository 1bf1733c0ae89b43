import { Braces, Hash, type LucideIcon, Quote, Repeat, SquareFunction } from 'lucide-react';
import { useEffect } from 'react';
import type { ExpressionCompletion } from '@/api/types';
import css from './expression.module.css';

const icons: Record<string, LucideIcon> = {
  VARIABLE: Braces,
  FIELD: Hash,
  FUNCTION: SquareFunction,
  MACRO: Repeat,
  VALUE: Quote,
};

interface CompletionListProps {
  id: string;
  items: ExpressionCompletion[];
  at: number;
  onAt: (at: number) => void;
  onChoose: (item: ExpressionCompletion) => void;
}

export const optionId = (listId: string, index: number) => `${listId}-${index}`;

/** What may be written next. The field it belongs to keeps the keyboard. */
export function CompletionList({ id, items, at, onAt, onChoose }: CompletionListProps) {
  useEffect(() => {
    document.getElementById(optionId(id, at))?.scrollIntoView?.({ block: 'nearest' });
  }, [id, at]);
  const active = items[at];
  return (
    <div className={css.popup}>
      <div className={css.options} role="listbox" id={id} aria-label="Completions" tabIndex={-1}>
        {items.map((item, index) => {
          const Icon = icons[item.kind ?? ''] ?? Hash;
          return (
            <div
              key={`${item.label} ${item.detail}`}
              id={optionId(id, index)}
              className={css.option}
              role="option"
              aria-selected={index === at}
              tabIndex={-1}
              onPointerMove={() => onAt(index)}
              // The field keeps the focus.
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => onChoose(item)}
            >
              <Icon size={13} aria-hidden />
              <span className={css.label}>{item.label}</span>
              <small className="truncate">{item.detail}</small>
            </div>
          );
        })}
      </div>
      {active?.documentation && <p className={css.about}>{active.documentation}</p>}
    </div>
  );
}
