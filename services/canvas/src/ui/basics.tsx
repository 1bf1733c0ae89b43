import { AlertTriangle, Check, CircleAlert, Copy, type LucideIcon, Search } from 'lucide-react';
import { type ComponentProps, type ReactNode, useEffect, useRef, useState } from 'react';
import { asProblem } from '@/api/problem';
import { copyText } from '@/lib/clipboard';
import css from './ui.module.css';

interface ButtonProps extends ComponentProps<'button'> {
  kind?: 'plain' | 'primary' | 'danger' | 'quiet';
  size?: 'normal' | 'small';
  /** The button shows only this icon; `aria-label` is then needed. */
  icon?: LucideIcon;
}

export function Button({ kind, size, icon: Icon, className, children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      className={`${css.button} ${className ?? ''}`}
      data-kind={kind}
      data-size={size}
      data-icon={Icon && !children ? '' : undefined}
      title={Icon && !children ? rest['aria-label'] : undefined}
      {...rest}
    >
      {Icon && <Icon size={size === 'small' ? 14 : 15} aria-hidden />}
      {children}
    </button>
  );
}

export const Chip = ({ children, title }: { children: ReactNode; title?: string }) => (
  <span className={css.chip} title={title}>
    {children}
  </span>
);

export const Key = ({ children }: { children: ReactNode }) => (
  <kbd className={css.key}>{children}</kbd>
);

export const Input = ({ className, ...rest }: ComponentProps<'input'>) => (
  <input className={`${css.input} ${className ?? ''}`} {...rest} />
);
export const TextArea = ({ className, ...rest }: ComponentProps<'textarea'>) => (
  <textarea className={`${css.input} ${className ?? ''}`} {...rest} />
);
export const Select = ({ className, ...rest }: ComponentProps<'select'>) => (
  <select className={`${css.input} ${className ?? ''}`} {...rest} />
);

export function SearchBox(props: ComponentProps<'input'>) {
  return (
    <div className={css.search}>
      <Search size={14} aria-hidden />
      <Input type="search" data-search="" {...props} />
    </div>
  );
}

export function Skeleton({ width, height = 14 }: { width: number | string; height?: number }) {
  return <span className={css.skeleton} style={{ width, height }} aria-hidden />;
}

export function Empty(props: {
  icon: LucideIcon;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className={css.empty}>
      <props.icon size={28} strokeWidth={1.5} aria-hidden />
      <strong>{props.title}</strong>
      {props.children && <p>{props.children}</p>}
      {props.action}
    </div>
  );
}

/** A problem where it happened: what, why, and what to name when asking for help. */
export function ProblemNotice({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const problem = asProblem(error);
  return (
    <div className={css.notice} role="alert">
      <AlertTriangle size={15} aria-hidden className={css.icon} />
      <div className={css.noticeText}>
        {problem.message}
        <div className={css.noticeMeta}>
          <span className="mono">{problem.reason}</span>
          {problem.requestId && (
            <span>
              request <span className="mono">{problem.requestId}</span>
            </span>
          )}
        </div>
      </div>
      {onRetry && (
        <Button size="small" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** A whole page or panel that could not be read. */
export function ProblemPage({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const problem = asProblem(error);
  return (
    <div className={css.empty} role="alert">
      <CircleAlert size={28} strokeWidth={1.5} aria-hidden />
      <strong>{problem.status === 404 ? 'Nothing here' : 'This could not be read'}</strong>
      <p>{problem.message}</p>
      <div className={css.noticeMeta}>
        <span className="mono">{problem.reason}</span>
        {problem.requestId && <span className="mono">{problem.requestId}</span>}
      </div>
      {onRetry && problem.status !== 404 && <Button onClick={onRetry}>Try again</Button>}
    </div>
  );
}

export function CopyButton({ text, label }: { text: () => string; label: string }) {
  const [copied, setCopied] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <Button
      kind="quiet"
      size="small"
      icon={copied ? Check : Copy}
      aria-label={copied ? 'Copied' : label}
      onClick={async () => {
        setCopied(await copyText(text()));
        clearTimeout(timer.current);
        timer.current = setTimeout(() => setCopied(false), 1500);
      }}
    />
  );
}
