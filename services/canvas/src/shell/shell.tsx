import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, Outlet, useNavigate } from '@tanstack/react-router';
import {
  Activity,
  Bot,
  Command,
  Keyboard,
  LayoutDashboard,
  LogOut,
  type LucideIcon,
  Menu,
  Moon,
  Stamp,
  Sun,
  Workflow,
} from 'lucide-react';
import { lazy, Suspense, useMemo, useState } from 'react';
import { approvalsQuery } from '@/api/queries';
import { approvalFilters } from '@/pages/approvals/filters';
import { signOut, useCan, useSession } from '@/session/session';
import { useStreamStatus } from '@/stream';
import { Button, Key } from '@/ui/basics';
import { Mark } from './mark';
import css from './shell.module.css';
import { ShortcutHelp, useShortcuts } from './shortcuts';
import { toggleTheme, useTheme } from './theme';

const Palette = lazy(() => import('./palette'));

const places: {
  to: '/' | '/workflows' | '/executions' | '/approvals' | '/agents';
  label: string;
  icon: LucideIcon;
}[] = [
  { to: '/', label: 'Overview', icon: LayoutDashboard },
  { to: '/workflows', label: 'Workflows', icon: Workflow },
  { to: '/executions', label: 'Executions', icon: Activity },
  { to: '/approvals', label: 'Approvals', icon: Stamp },
  { to: '/agents', label: 'Agents', icon: Bot },
];

/** The frame around every page once signed in. */
export function Shell() {
  const [open, setOpen] = useState<'palette' | 'help'>();
  const navigate = useNavigate();
  const close = () => setOpen(undefined);
  useShortcuts(
    useMemo(
      () => ({
        'mod+k': () => setOpen('palette'),
        '?': () => setOpen('help'),
        'g o': () => void navigate({ to: '/' }),
        'g w': () => void navigate({ to: '/workflows' }),
        'g e': () => void navigate({ to: '/executions' }),
        'g p': () => void navigate({ to: '/approvals' }),
        'g a': () => void navigate({ to: '/agents' }),
        t: toggleTheme,
        '/': () => document.querySelector<HTMLElement>('[data-search]')?.focus(),
      }),
      [navigate],
    ),
  );
  return (
    <div className={css.shell}>
      <a href="#main" className={css.skip}>
        Skip to the content
      </a>
      <nav className={css.rail} aria-label="Main">
        <Link to="/" className={css.brand} aria-label="AgentFlow, overview">
          <Mark />
          AgentFlow
        </Link>
        {places.map(({ to, label, icon: Icon }) => (
          <Link
            key={to}
            to={to}
            className={css.item}
            activeOptions={{ exact: to === '/', includeSearch: false }}
            activeProps={{ 'data-active': '', 'aria-current': 'page' } as object}
          >
            <Icon size={16} aria-hidden />
            {label}
            {to === '/approvals' && <ApprovalCount />}
          </Link>
        ))}
        <button
          type="button"
          className={css.item}
          data-narrow=""
          onClick={() => setOpen('palette')}
        >
          <Menu size={16} aria-hidden />
          More
        </button>
        <span className={css.spacer} />
        <StreamLight />
        <button type="button" className={css.item} data-wide="" onClick={() => setOpen('palette')}>
          <Command size={16} aria-hidden />
          <span className={css.grow}>Commands</span>
          <Key>{modKey} K</Key>
        </button>
        <button type="button" className={css.item} data-wide="" onClick={() => setOpen('help')}>
          <Keyboard size={16} aria-hidden />
          <span className={css.grow}>Shortcuts</span>
          <Key>?</Key>
        </button>
        <User />
      </nav>
      <main className={css.main} id="main" tabIndex={-1}>
        <Outlet />
      </main>
      <Suspense>
        {open === 'palette' && <Palette onClose={close} onHelp={() => setOpen('help')} />}
      </Suspense>
      {open === 'help' && <ShortcutHelp onClose={close} />}
    </div>
  );
}

/** How many decisions wait for whoever is signed in. */
function ApprovalCount() {
  const { data } = useInfiniteQuery({
    ...approvalsQuery({ filter: approvalFilters.mine }),
    enabled: useCan('approvals.list'),
  });
  const count = (data?.pages ?? []).reduce((sum, page) => sum + page.items.length, 0);
  if (count === 0) return null;
  const more = data?.pages.at(-1)?.nextPageToken ? '+' : '';
  return (
    <span className={css.count} title={`${count}${more} wait for your decision`}>
      {count}
      {more}
      <span className="sr-only"> wait for you</span>
    </span>
  );
}

const modKey = /mac|iphone|ipad/i.test(navigator.userAgent) ? '⌘' : 'Ctrl';

const words = { idle: 'Idle', live: 'Live', connecting: 'Connecting…', offline: 'Reconnecting…' };

function StreamLight() {
  const status = useStreamStatus();
  return (
    <div className={css.live} data-status={status} role="status">
      <span className={css.dot} aria-hidden />
      {status === 'idle' ? '' : words[status]}
    </div>
  );
}

function User() {
  const me = useSession((state) => state.me);
  const theme = useTheme((state) => state.theme);
  const name = me?.displayName || me?.email || me?.principal || '';
  return (
    <div className={css.user}>
      <span className={css.avatar} aria-hidden>
        {initials(name)}
      </span>
      <div className={css.userText} title={`${me?.email ?? ''} · ${(me?.roles ?? []).join(', ')}`}>
        <div className="truncate">{name}</div>
        <small className="truncate">{me?.tenant}</small>
      </div>
      <Button
        kind="quiet"
        size="small"
        icon={theme === 'dark' ? Sun : Moon}
        aria-label={theme === 'dark' ? 'Light theme' : 'Dark theme'}
        onClick={toggleTheme}
      />
      <Button
        kind="quiet"
        size="small"
        icon={LogOut}
        aria-label="Sign out"
        onClick={() => void signOut()}
      />
    </div>
  );
}

const initials = (name: string) =>
  name
    .split(/[\s@.]+/)
    .slice(0, 2)
    .map((part) => part.charAt(0).toUpperCase())
    .join('');
