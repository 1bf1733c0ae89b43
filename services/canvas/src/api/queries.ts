import { infiniteQueryOptions, QueryClient, queryOptions } from '@tanstack/react-query';
import type { ExpressionPlace, PageQuery } from './operations';
import * as operations from './operations';
import { asProblem } from './problem';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      refetchOnWindowFocus: true,
      // A refusal will not change by asking again; an outage may.
      retry: (failures, error) => {
        const { status } = asProblem(error);
        return failures < 2 && (status === 0 || status >= 500 || status === 429);
      },
      throwOnError: false,
    },
  },
});

const pageSize = 100;

export const workflowsQuery = (query: PageQuery) =>
  infiniteQueryOptions({
    queryKey: ['workflows', query],
    queryFn: ({ pageParam }) =>
      operations.listWorkflows({ pageSize, ...query, pageToken: pageParam || undefined }),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextPageToken,
  });

export const executionsQuery = (query: PageQuery) =>
  infiniteQueryOptions({
    queryKey: ['executions', query],
    queryFn: ({ pageParam }) =>
      operations.listExecutions({ pageSize, ...query, pageToken: pageParam || undefined }),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextPageToken,
  });

export const principalTitleQuery = (name: string) =>
  queryOptions({
    queryKey: ['principal', name],
    // Query functions give no undefined.
    queryFn: async () => (await operations.findPrincipalTitle(name)) ?? '',
    staleTime: 5 * 60_000,
    retry: false,
  });

export const approvalsKey = ['approvals'];

export const approvalsQuery = (query: PageQuery) =>
  infiniteQueryOptions({
    queryKey: [...approvalsKey, query],
    queryFn: ({ pageParam }) =>
      operations.listApprovals({ pageSize, ...query, pageToken: pageParam || undefined }),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextPageToken,
    // A safety net: the stream says when to look again.
    refetchInterval: 15_000,
  });

/** One by its name, which a list may not hold: it is decided, or far down. */
export const approvalQuery = (name: string) =>
  queryOptions({
    queryKey: [...approvalsKey, 'one', name],
    queryFn: () => operations.getApproval(name),
    enabled: name !== '',
  });

/** Of a step that is over, so it never changes. */
export const childQuery = (name: string, node: string, iteration: string) =>
  queryOptions({
    queryKey: ['child', name, node, iteration],
    queryFn: () => operations.findChild(name, node, iteration),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const checkpointsQuery = (name: string) =>
  infiniteQueryOptions({
    queryKey: ['checkpoints', name],
    queryFn: ({ pageParam }) =>
      operations.listCheckpoints(name, { pageSize, pageToken: pageParam || undefined }),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextPageToken,
  });

export const migrationsKey = (workflow: string) => ['migrations', workflow];

export const migrationsQuery = (workflow: string) =>
  infiniteQueryOptions({
    queryKey: migrationsKey(workflow),
    queryFn: ({ pageParam }) =>
      operations.listMigrations(workflow, { pageSize, pageToken: pageParam || undefined }),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextPageToken,
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.items.some((one) => one.state === 'RUNNING'))
        ? 1000
        : false,
  });

/** Read again while it is under way. */
export const migrationQuery = (name: string) =>
  queryOptions({
    queryKey: ['migration', name],
    queryFn: () => operations.getMigration(name),
    enabled: name !== '',
    staleTime: 0,
    refetchInterval: ({ state }) => (state.data?.state === 'DONE' ? false : 500),
  });

export const workflowQuery = (name: string) =>
  queryOptions({
    queryKey: ['workflow', name],
    queryFn: () => operations.getWorkflow(name),
  });

export const versionsQuery = (name: string) =>
  queryOptions({
    queryKey: ['versions', name],
    queryFn: () => operations.listVersions(name),
  });

/** A version never changes, so it is read once. */
export const versionQuery = (name: string, version: number) =>
  queryOptions({
    queryKey: ['version', name, version],
    queryFn: () => operations.getVersion(name, version),
    staleTime: Number.POSITIVE_INFINITY,
    enabled: version > 0 && name !== '',
  });

export const statsKey = ['workflowStats'];

export const statsQuery = () =>
  queryOptions({
    queryKey: statsKey,
    queryFn: operations.listWorkflowStats,
    refetchInterval: 15_000,
  });

export const agentsQuery = () =>
  queryOptions({
    queryKey: ['agents'],
    queryFn: operations.listAgents,
    refetchInterval: 5000,
  });

/** Evaluated when somebody asks, never behind their back. */
export const evaluationQuery = (place: ExpressionPlace, expression: string) =>
  queryOptions({
    queryKey: ['evaluation', place, expression],
    queryFn: () => operations.evaluateExpression(place, expression),
    enabled: expression !== '',
    refetchOnWindowFocus: false,
    gcTime: 0,
  });
