import type { ExecutionError } from '@/api/types';
import css from './execution.module.css';

export function ErrorBox({
  error,
  onNode,
}: {
  error: ExecutionError;
  onNode?: (node: string) => void;
}) {
  return (
    <div className={css.failure} role="alert">
      <strong>{error.reason || 'FAILED'}</strong>
      <span>{error.message}</span>
      {error.node && onNode && (
        <button type="button" onClick={() => onNode(error.node ?? '')}>
          Show {error.node}
        </button>
      )}
    </div>
  );
}
