import type { ExpressionProblem } from '@/api/types';

/** A piece of an expression's text, with the severity of what is wrong with it. */
export interface Piece {
  text: string;
  severity: 'ERROR' | 'WARNING' | undefined;
}

/**
 * The text in pieces for underlining. What is missing (length 0) is marked at the character behind
 * it, at the end of the text by a space of its own; errors cover warnings.
 */
export function pieces(text: string, problems: ExpressionProblem[]): Piece[] {
  const marks: (Piece['severity'])[] = new Array(text.length + 1).fill(undefined);
  for (const problem of problems) {
    const begin = Math.min(problem.offset ?? 0, text.length);
    const end = Math.max(begin + 1, Math.min(begin + (problem.length ?? 0), text.length));
    const severity = problem.severity === 'WARNING' ? 'WARNING' : 'ERROR';
    for (let at = begin; at < end; at += 1) {
      if (marks[at] !== 'ERROR') marks[at] = severity;
    }
  }
  const whole = marks[text.length] ? `${text} ` : text;
  const out: Piece[] = [];
  for (let at = 0; at < whole.length; at += 1) {
    const last = out.at(-1);
    if (last && last.severity === marks[at]) last.text += whole[at];
    else out.push({ text: whole[at]!, severity: marks[at] });
  }
  return out;
}

/** "2:7" */
export const placeOf = (problem: ExpressionProblem): string =>
  `${problem.line ?? 1}:${problem.column ?? 1}`;

/** The text with `insert` in place of a part, and where the cursor stands then. */
export function replaced(text: string, offset: number, length: number, insert: string) {
  return {
    text: text.slice(0, offset) + insert + text.slice(offset + length),
    cursor: offset + insert.length,
  };
}

/** Whether completions are offered without being asked for: behind a name or a dot. */
export const invites = (text: string, cursor: number): boolean =>
  /[\p{L}\p{N}_.]$/u.test(text.slice(0, cursor)) && !/(^|[^\p{L}_.\])}])\d[\d.]*$/u.test(text.slice(0, cursor));
