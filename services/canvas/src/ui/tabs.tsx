import type { LucideIcon } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useId } from 'react';
import css from './ui.module.css';

export interface TabItem<Id extends string> {
  id: Id;
  label: string;
  icon?: LucideIcon;
  badge?: ReactNode;
}

interface TabsProps<Id extends string> {
  label: string;
  items: TabItem<Id>[];
  selected: Id;
  onSelect: (id: Id) => void;
  /** Prefix of the ids that tie tabs to their panel. */
  idPrefix?: string;
}

/** Tabs by the ARIA pattern: one tab stop, arrows move. */
export function Tabs<Id extends string>({
  label,
  items,
  selected,
  onSelect,
  idPrefix,
}: TabsProps<Id>) {
  const fallback = useId();
  const prefix = idPrefix ?? fallback;
  const move = (event: KeyboardEvent<HTMLDivElement>) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = items.findIndex((item) => item.id === selected);
    const to =
      event.key === 'Home'
        ? 0
        : event.key === 'End'
          ? items.length - 1
          : step
            ? (at + step + items.length) % items.length
            : -1;
    const item = items[to];
    if (!item) return;
    event.preventDefault();
    onSelect(item.id);
    document.getElementById(`${prefix}-${item.id}`)?.focus();
  };
  return (
    <div className={css.tabs} role="tablist" aria-label={label} onKeyDown={move}>
      {items.map(({ id, label: text, icon: Icon, badge }) => (
        <button
          key={id}
          id={`${prefix}-${id}`}
          type="button"
          role="tab"
          className={css.tab}
          aria-selected={id === selected}
          aria-controls={idPrefix ? `${prefix}-panel` : undefined}
          tabIndex={id === selected ? 0 : -1}
          onClick={() => onSelect(id)}
        >
          {Icon && <Icon size={14} aria-hidden />}
          {text}
          {badge}
        </button>
      ))}
    </div>
  );
}

/** A few exclusive choices in a row. */
export function Segments<Id extends string>(props: {
  label: string;
  items: { id: Id; label: string; icon?: LucideIcon }[];
  selected: Id;
  onSelect: (id: Id) => void;
}) {
  return (
    <fieldset className={css.segments} aria-label={props.label}>
      {props.items.map(({ id, label, icon: Icon }) => (
        <button
          key={id}
          type="button"
          className={css.segment}
          aria-pressed={id === props.selected}
          onClick={() => props.onSelect(id)}
        >
          {Icon && <Icon size={13} aria-hidden />}
          {label}
        </button>
      ))}
    </fieldset>
  );
}
