import { CircleAlert, TriangleAlert } from 'lucide-react';
import type { ExpressionProblem } from '@/api/types';
import css from './expression.module.css';
import { placeOf } from './marks';

interface ProblemListProps {
  id: string;
  problems: ExpressionProblem[];
  onFix: (problem: ExpressionProblem) => void;
}

/** What is wrong with an expression, each with its place and, where there is one, the way out. */
export function ProblemList({ id, problems, onFix }: ProblemListProps) {
  return (
    <ul id={id} className={css.problems} aria-label="Problems" aria-live="polite">
      {problems.map((problem) => {
        const Icon = problem.severity === 'WARNING' ? TriangleAlert : CircleAlert;
        return (
          <li
            key={`${placeOf(problem)} ${problem.message}`}
            className={css.problem}
            data-severity={problem.severity}
          >
            <Icon size={13} aria-label={problem.severity === 'WARNING' ? 'Warning' : 'Error'} />
            <code>{placeOf(problem)}</code>
            <span>{problem.message}</span>
            {problem.suggestion && (
              <button type="button" className={css.fix} onClick={() => onFix(problem)}>
                Write <code>{problem.suggestion}</code>
              </button>
            )}
          </li>
        );
      })}
    </ul>
  );
}
