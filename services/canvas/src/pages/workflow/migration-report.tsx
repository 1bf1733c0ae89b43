import { Link } from '@tanstack/react-router';
import type { Migration } from '@/api/types';
import { idOf, shortId, toInt } from '@/lib/format';
import css from './workflow.module.css';

/** What became of each live execution, or what would. */
export function MigrationReport({ migration }: { migration: Migration }) {
  const preview = migration.validateOnly ?? false;
  const running = migration.state !== 'DONE';
  const figures: [string, string | undefined, number][] = [
    [preview ? 'can be moved' : 'moved', 'success', toInt(migration.migratedCount)],
    ['refused', toInt(migration.refusedCount) > 0 ? 'danger' : undefined, toInt(migration.refusedCount)],
    ...(running ? ([['to look at', undefined, toInt(migration.pendingCount)]] as const) : []),
  ] as [string, string | undefined, number][];
  const none = !running && figures.every(([, , count]) => count === 0);
  return (
    <section className={css.report} aria-label={preview ? 'Preview' : 'Result'}>
      <h3>{preview ? 'Preview' : running ? 'Moving…' : 'Done'}</h3>
      {none ? (
        <p role="status">No execution of version {migration.fromVersion} is under way.</p>
      ) : (
        <div role="status">
          <dl className={css.figures}>
            {figures.map(([label, tone, count]) => (
              <div key={label} data-tone={count > 0 ? tone : undefined}>
                <dt>{label}</dt>
                <dd className="num">{count}</dd>
              </div>
            ))}
          </dl>
        </div>
      )}
      {(migration.refusals ?? []).map((refusal) => (
        <div key={refusal.reason} className={css.refusal}>
          <strong>
            <span className="mono">{refusal.reason}</span>
            <span className="num">{toInt(refusal.executionCount)}</span>
          </strong>
          <p>{refusal.message}</p>
          <small>
            For example{' '}
            {(refusal.examples ?? []).slice(0, 5).map((name) => (
              <Link
                key={name}
                className={css.example}
                to="/executions/$executionId"
                params={{ executionId: idOf(name) }}
              >
                {shortId(name)}
              </Link>
            ))}
          </small>
        </div>
      ))}
    </section>
  );
}
