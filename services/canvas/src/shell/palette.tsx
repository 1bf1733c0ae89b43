import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import {
  Activity,
  Bot,
  Keyboard,
  LayoutDashboard,
  LogOut,
  type LucideIcon,
  Search,
  Stamp,
  SunMoon,
  Workflow,
} from 'lucide-react';
import { useEffect, useId, useMemo, useRef, useState } from 'react';
import { workflowsQuery } from '@/api/queries';
import { idOf } from '@/lib/format';
import { executionLook } from '@/run/states';
import { signOut } from '@/session/session';
import { usePalette } from './commands';
import css from './palette.module.css';
import { rankOf } from './rank';
import { toggleTheme } from './theme';

interface Option {
  id: string;
  label: string;
  hint: string;
  icon: LucideIcon;
  run: () => void;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i;
const maxShown = 40;

/** What can be done here, every place and workflow by a few letters; a pasted id opens that execution. */
export default function Palette({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const listId = useId();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const options = useOptions(onHelp);
  const wanted = text.trim().toLowerCase();
  const navigate = useNavigate();

  const shown = useMemo(() => {
    const found = options
      .map((option) => ({ option, rank: rankOf(`${option.label} ${option.hint}`, wanted) }))
      .filter(({ rank }) => Number.isFinite(rank))
      .sort((a, b) => a.rank - b.rank)
      .map(({ option }) => option)
      .slice(0, maxShown);
    if (!uuid.test(wanted)) return found;
    const open: Option = {
      id: wanted,
      label: `Open execution ${wanted.slice(0, 8)}`,
      hint: 'Execution',
      icon: Activity,
      run: () => void navigate({ to: '/executions/$executionId', params: { executionId: wanted } }),
    };
    return [open, ...found];
  }, [options, wanted, navigate]);

  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    return () => element?.close();
  }, []);

  const choose = (option: Option | undefined) => {
    if (!option) return;
    onClose();
    option.run();
  };
  return (
    <dialog
      ref={dialog}
      className={css.dialog}
      aria-label="Commands"
      onCancel={onClose}
      onPointerDown={(event) => event.target === dialog.current && onClose()}
    >
      <div className={css.field}>
        <Search size={16} aria-hidden />
        <input
          role="combobox"
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={shown[at] && `${listId}-${shown[at].id}`}
          aria-label="Go to or do"
          placeholder="Go to a workflow, a page, or do something"
          value={text}
          onChange={({ target }) => {
            setText(target.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
            if (step && shown.length > 0) {
              event.preventDefault();
              const next = (at + step + shown.length) % shown.length;
              setAt(next);
              document
                .getElementById(`${listId}-${shown[next]!.id}`)
                ?.scrollIntoView({ block: 'nearest' });
            }
            if (event.key !== 'Enter') return;
            // Or the same key would press the button of a dialog that the command opens.
            event.preventDefault();
            choose(shown[at]);
          }}
        />
      </div>
      {shown.length === 0 && <p className={css.none}>Nothing by that name.</p>}
      <div className={css.list} role="listbox" id={listId} aria-label="Matches" tabIndex={-1}>
        {shown.map((option, index) => (
          // The field above has the keyboard.
          <div
            key={option.id}
            id={`${listId}-${option.id}`}
            className={css.option}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            onPointerMove={() => setAt(index)}
            onClick={() => choose(option)}
          >
            <option.icon size={15} aria-hidden />
            <span className="truncate">{option.label}</span>
            <small>{option.hint}</small>
          </div>
        ))}
      </div>
    </dialog>
  );
}

function useOptions(onHelp: () => void): Option[] {
  const navigate = useNavigate();
  const { data } = useInfiniteQuery(workflowsQuery({}));
  const commands = usePalette((state) => state.commands);
  return useMemo(() => {
    const go = (to: '/' | '/workflows' | '/executions' | '/approvals' | '/agents') => () => void navigate({ to });
    const fixed: Option[] = [
      { id: 'overview', label: 'Overview', hint: 'Page', icon: LayoutDashboard, run: go('/') },
      { id: 'workflows', label: 'Workflows', hint: 'Page', icon: Workflow, run: go('/workflows') },
      {
        id: 'executions',
        label: 'Executions',
        hint: 'Page',
        icon: Activity,
        run: go('/executions'),
      },
      { id: 'approvals', label: 'Approvals', hint: 'Page', icon: Stamp, run: go('/approvals') },
      ...(['PAUSED', 'WAITING', 'FAILED'] as const).map((state) => ({
        id: `executions-${state}`,
        label: `${executionLook(state).label} executions`,
        hint: 'List',
        icon: Activity,
        run: () => void navigate({ to: '/executions', search: { state } }),
      })),
      { id: 'agents', label: 'Agents', hint: 'Page', icon: Bot, run: go('/agents') },
      {
        id: 'theme',
        label: 'Dark or light theme',
        hint: 'Action',
        icon: SunMoon,
        run: toggleTheme,
      },
      { id: 'help', label: 'Shortcuts', hint: 'Action', icon: Keyboard, run: onHelp },
      { id: 'leave', label: 'Sign out', hint: 'Action', icon: LogOut, run: () => void signOut() },
    ];
    const workflows = (data?.pages ?? [])
      .flatMap((page) => page.items)
      .map((workflow): Option => {
        const workflowId = idOf(workflow.name);
        return {
          id: workflow.name ?? workflowId,
          label: workflow.title || workflowId,
          hint: 'Workflow',
          icon: Workflow,
          run: () => void navigate({ to: '/workflows/$workflowId', params: { workflowId } }),
        };
      });
    const here = commands.map((command): Option => ({ ...command, hint: 'This page' }));
    return [...here, ...fixed, ...workflows];
  }, [data, navigate, onHelp, commands]);
}
