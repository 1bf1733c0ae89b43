import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { executionStates } from '@/run/states';
import { useSession } from '@/session/session';
import { NotFound, RouteProblem, RouteWaiting } from '@/shell/fallbacks';
import { Shell } from '@/shell/shell';
import type { ExecutionState } from './api/types';
import { executionTabs } from './pages/execution/tabs';

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
const oneOf = <T extends string>(value: unknown, allowed: readonly T[]): T | undefined =>
  allowed.find((one) => one === value);

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: (search: Record<string, unknown>): { to?: string } => ({
    to: text(search['to']),
  }),
  component: lazyRouteComponent(() => import('./pages/login/login-page')),
});

const app = createRoute({
  getParentRoute: () => root,
  id: 'app',
  beforeLoad: ({ location }) => {
    if (useSession.getState().status !== 'signedIn') {
      throw redirect({
        to: '/login',
        search: { to: location.href === '/' ? undefined : location.href },
      });
    }
  },
  component: Shell,
});

const overview = createRoute({
  getParentRoute: () => app,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/overview/overview-page')),
});

const workflows = createRoute({
  getParentRoute: () => app,
  path: '/workflows',
  validateSearch: (search: Record<string, unknown>): { q?: string } => ({ q: text(search['q']) }),
  component: lazyRouteComponent(() => import('./pages/workflows/workflows-page')),
});

const workflow = createRoute({
  getParentRoute: () => app,
  path: '/workflows/$workflowId',
  validateSearch: (
    search: Record<string, unknown>,
  ): { tab?: 'graph' | 'executions' | 'migrations'; version?: string; node?: string; start?: boolean } => ({
    tab: oneOf(search['tab'], ['graph', 'executions', 'migrations'] as const),
    version: search['version'] === undefined ? undefined : String(search['version']),
    node: text(search['node']),
    start: search['start'] === true ? true : undefined,
  }),
  component: lazyRouteComponent(() => import('./pages/workflow/workflow-page')),
});

export const sinceChoices = ['1h', '24h', '7d'] as const;

const executions = createRoute({
  getParentRoute: () => app,
  path: '/executions',
  validateSearch: (
    search: Record<string, unknown>,
  ): {
    state?: ExecutionState;
    workflow?: string;
    since?: (typeof sinceChoices)[number];
    key?: string;
  } => ({
    state: oneOf(search['state'], executionStates),
    workflow: text(search['workflow']),
    key: search['key'] === undefined ? undefined : String(search['key']),
    since: oneOf(search['since'], sinceChoices),
  }),
  component: lazyRouteComponent(() => import('./pages/executions/executions-page')),
});

const execution = createRoute({
  getParentRoute: () => app,
  path: '/executions/$executionId',
  validateSearch: (
    search: Record<string, unknown>,
  ): { tab?: (typeof executionTabs)[number]; node?: string; iteration?: string } => ({
    tab: oneOf(search['tab'], executionTabs),
    node: text(search['node']),
    iteration: search['iteration'] === undefined ? undefined : String(search['iteration']),
  }),
  component: lazyRouteComponent(() => import('./pages/execution/execution-page')),
});

const agents = createRoute({
  getParentRoute: () => app,
  path: '/agents',
  component: lazyRouteComponent(() => import('./pages/agents/agents-page')),
});

const approvals = createRoute({
  getParentRoute: () => app,
  path: '/approvals',
  validateSearch: (
    search: Record<string, unknown>,
  ): { show?: 'mine' | 'open' | 'all'; open?: string } => ({
    show: oneOf(search['show'], ['mine', 'open', 'all'] as const),
    open: text(search['open']),
  }),
  component: lazyRouteComponent(() => import('./pages/approvals/approvals-page')),
});

export const router = createRouter({
  routeTree: root.addChildren([
    login,
    app.addChildren([overview, workflows, workflow, executions, execution, approvals, agents]),
  ]),
  defaultPreload: 'intent',
  defaultPendingComponent: RouteWaiting,
  defaultErrorComponent: RouteProblem,
  defaultNotFoundComponent: NotFound,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
