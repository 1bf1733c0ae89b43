import { X } from 'lucide-react';
import { type CSSProperties, type PointerEvent, type ReactNode, useState } from 'react';
import { storage } from '@/lib/storage';
import { Button } from './basics';
import css from './side-panel.module.css';

const key = 'agentflow.panel';
const limits = { min: 300, max: 820 };
const clamp = (width: number) => Math.min(limits.max, Math.max(limits.min, width));

export const Split = ({ children, panel }: { children: ReactNode; panel: ReactNode }) => (
  <div className={css.split}>
    <div className={css.main}>{children}</div>
    {panel}
  </div>
);

interface SidePanelProps {
  title: string;
  subtitle?: ReactNode;
  label: string;
  onClose?: (() => void) | undefined;
  /** Stays in sight while the rest scrolls. */
  foot?: ReactNode;
  children: ReactNode;
}

/** What is selected, beside the page; its width is remembered. At the bottom on narrow screens. */
export function SidePanel(props: SidePanelProps) {
  const { title, subtitle, label, onClose, foot, children } = props;
  const [width, setWidth] = useState(() => clamp(Number(storage.get(key)) || 400));
  const resize = (next: number) => {
    setWidth(clamp(next));
    storage.set(key, String(clamp(next)));
  };
  const drag = (event: PointerEvent<HTMLButtonElement>) => {
    const grip = event.currentTarget;
    const from = event.clientX;
    grip.setPointerCapture(event.pointerId);
    grip.onpointermove = (move) => resize(width + from - move.clientX);
    grip.onpointerup = () => {
      grip.onpointermove = null;
    };
  };
  return (
    <aside
      className={css.panel}
      style={{ '--panel-width': `${width}px` } as CSSProperties}
      aria-label={label}
    >
      <button
        type="button"
        className={css.grip}
        aria-label="Width of the panel: arrow keys change it"
        onPointerDown={drag}
        onKeyDown={(event) => {
          const step = { ArrowLeft: 24, ArrowRight: -24 }[event.key];
          if (step) resize(width + step);
        }}
      />
      <header className={css.head}>
        <div className={css.titles}>
          <h2 className="truncate">{title}</h2>
          {subtitle && <small>{subtitle}</small>}
        </div>
        {onClose && (
          <Button
            kind="quiet"
            size="small"
            icon={X}
            aria-label="Close the panel"
            onClick={onClose}
          />
        )}
      </header>
      <div className={css.body}>{children}</div>
      {foot && <footer className={css.foot}>{foot}</footer>}
    </aside>
  );
}
