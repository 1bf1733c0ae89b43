import { useEffect, useState } from 'react';
import { checkExpression, type ExpressionPlace } from '@/api/operations';
import type { ExpressionCheck } from '@/api/types';

export interface Checked {
  text: string;
  cursor: number;
  answer: ExpressionCheck;
}

const afterTypingMs = 90;

/**
 * What the server says about an expression while it is typed; it alone knows the language. An
 * answer that was overtaken is dropped, one that failed leaves the last one standing.
 */
export function useCheck(
  place: ExpressionPlace,
  text: string,
  cursor: number,
  enabled: boolean,
): Checked | undefined {
  const [checked, setChecked] = useState<Checked>();
  const { execution, step } = place;
  useEffect(() => {
    if (!enabled) return;
    const overtaken = new AbortController();
    const timer = setTimeout(() => {
      checkExpression({ execution, step }, text, cursor, overtaken.signal).then(
        (answer) => setChecked({ text, cursor, answer }),
        () => undefined,
      );
    }, afterTypingMs);
    return () => {
      clearTimeout(timer);
      overtaken.abort();
    };
  }, [execution, step, text, cursor, enabled]);
  return checked;
}
