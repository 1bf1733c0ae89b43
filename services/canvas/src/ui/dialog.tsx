import { X } from 'lucide-react';
import { type ReactNode, useEffect, useId, useRef } from 'react';
import { Button } from './basics';
import css from './ui.module.css';

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  foot?: ReactNode;
  size?: 'normal' | 'wide';
}

/** A modal over the browser's own <dialog>: it keeps the focus inside and gives it back. */
export function Dialog({ title, onClose, children, foot, size }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) {
      dialog.showModal();
      // The first thing to fill in, rather than the button that closes.
      dialog.querySelector<HTMLElement>(`.${css.dialogBody} :is(input, select, textarea)`)?.focus();
    }
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      className={css.dialog}
      data-size={size}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onPointerDown={(event) => {
        if (event.target === ref.current) onClose();
      }}
    >
      <header className={css.dialogHead}>
        <h2 id={titleId}>{title}</h2>
        <Button kind="quiet" icon={X} aria-label="Close" onClick={onClose} />
      </header>
      <div className={css.dialogBody}>{children}</div>
      {foot && <footer className={css.dialogFoot}>{foot}</footer>}
    </dialog>
  );
}
