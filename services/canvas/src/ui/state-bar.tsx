import type { StateLook } from '@/run/states';
import { toneClass } from './state-badge';
import css from './state-bar.module.css';

export interface StatePart {
  look: StateLook;
  count: number;
}

/** Shares of states in one line; the words are in its label and title. */
export function StateBar({ parts, label }: { parts: StatePart[]; label: string }) {
  const shown = parts.filter((part) => part.count > 0);
  const words = shown.map((part) => `${part.count} ${part.look.label.toLowerCase()}`).join(', ');
  return (
    <div className={css.bar} role="img" aria-label={`${label}: ${words || 'none'}`} title={words}>
      {shown.map((part) => (
        <span
          key={part.look.label}
          className={`${toneClass} ${css.part}`}
          data-tone={part.look.tone}
          style={{ flexGrow: part.count, flexBasis: 0 }}
        />
      ))}
    </div>
  );
}
