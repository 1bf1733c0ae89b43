import { useEffect } from 'react';
import { Key } from '@/ui/basics';
import { Dialog } from '@/ui/dialog';
import css from './shortcuts.module.css';

/** By keys: "mod+k", "?", or a sequence "g w". */
export type Shortcuts = Record<string, () => void>;

const sequenceMs = 900;

/** Listens while mounted. Typing in a field and open dialogs keep their keys to themselves. */
export function useShortcuts(shortcuts: Shortcuts): void {
  useEffect(() => {
    let before = '';
    let beforeAt = 0;
    const onKey = (event: KeyboardEvent) => {
      const mod = event.metaKey || event.ctrlKey;
      if (event.altKey || event.defaultPrevented) return;
      const target = event.target instanceof Element ? event.target : undefined;
      const typing = target?.closest('input, textarea, select, [contenteditable]');
      if (!mod && (typing || document.querySelector('dialog[open]'))) return;
      const key = mod ? `mod+${event.key.toLowerCase()}` : event.key;
      const sequence = event.timeStamp - beforeAt < sequenceMs ? `${before} ${key}` : '';
      before = key;
      beforeAt = event.timeStamp;
      const run = shortcuts[sequence] ?? shortcuts[key];
      if (!run) return;
      event.preventDefault();
      run();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [shortcuts]);
}

const groups: [string, [string, string][]][] = [
  [
    'Anywhere',
    [
      ['Ctrl K', 'Commands'],
      ['/', 'Search this page'],
      ['t', 'Dark or light'],
      ['?', 'This list'],
    ],
  ],
  [
    'Go to',
    [
      ['g o', 'Overview'],
      ['g w', 'Workflows'],
      ['g e', 'Executions'],
      ['g p', 'Approvals'],
      ['g a', 'Agents'],
    ],
  ],
  [
    'Graph',
    [
      ['← → ↑ ↓', 'Walk along the edges'],
      ['Enter', 'Open the node'],
      ['f', 'Fit to the window'],
      ['Esc', 'Close the panel'],
    ],
  ],
  [
    'Workflow and execution',
    [
      ['s', 'Start the workflow'],
      ['1 2 3 4', 'Graph, timeline, journal, checkpoints'],
      ['e', 'Evaluate an expression'],
    ],
  ],
];

export function ShortcutHelp({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Shortcuts" onClose={onClose}>
      <div className={css.list}>
        {groups.map(([title, rows]) => (
          <section key={title}>
            <h3>{title}</h3>
            {rows.map(([keys, what]) => (
              <div key={keys} className={css.row}>
                <span>{what}</span>
                <span className={css.keys}>
                  {keys.split(' ').map((key) => (
                    <Key key={key}>{key}</Key>
                  ))}
                </span>
              </div>
            ))}
          </section>
        ))}
      </div>
    </Dialog>
  );
}
