import { Problem } from '@/api/problem';
import { ProblemNotice } from '@/ui/basics';
import css from './workflow.module.css';

/** What of a document could not be drawn. */
export function DocumentProblems({ problems }: { problems: string[] }) {
  if (problems.length === 0) return null;
  const more = problems.length > 1 ? ` And ${problems.length - 1} more.` : '';
  const error = new Problem({
    status: 0,
    reason: 'DOCUMENT_PARTLY_SHOWN',
    message: `${problems[0]}${more}`,
  });
  return (
    <div className={css.problems}>
      <ProblemNotice error={error} />
    </div>
  );
}
