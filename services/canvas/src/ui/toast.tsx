import { CircleAlert, CircleCheck } from 'lucide-react';
import { create } from 'zustand';
import { asProblem } from '@/api/problem';
import css from './ui.module.css';

interface Toast {
  id: number;
  kind: 'done' | 'error';
  text: string;
}

const useToasts = create<{ list: Toast[] }>(() => ({ list: [] }));
let nextId = 1;

export function toast(kind: Toast['kind'], text: string): void {
  const id = nextId++;
  useToasts.setState(({ list }) => ({ list: [...list.slice(-2), { id, kind, text }] }));
  setTimeout(
    () => useToasts.setState(({ list }) => ({ list: list.filter((one) => one.id !== id) })),
    kind === 'error' ? 8000 : 3500,
  );
}

export function toastProblem(error: unknown): void {
  const problem = asProblem(error);
  toast(
    'error',
    `${problem.message} (${problem.reason}${problem.requestId ? `, request ${problem.requestId}` : ''})`,
  );
}

export function Toasts() {
  const list = useToasts((state) => state.list);
  return (
    <div className={css.toasts} role="status" aria-live="polite">
      {list.map(({ id, kind, text }) => (
        <div key={id} className={css.toast} data-kind={kind}>
          {kind === 'error' ? (
            <CircleAlert size={15} aria-hidden />
          ) : (
            <CircleCheck size={15} aria-hidden />
          )}
          <span>{text}</span>
        </div>
      ))}
    </div>
  );
}
