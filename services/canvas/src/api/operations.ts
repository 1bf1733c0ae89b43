import { idOf } from '@/lib/format';
import { randomId } from '@/lib/random';
import { api, data } from './client';
import type {
  Agent,
  Approval,
  BatchStartResult,
  Checkpoint,
  Execution,
  ExecutionEvent,
  ExpressionCheck,
  ExpressionValue,
  Json,
  Migration,
  Step,
  StepDecision,
  Workflow,
  WorkflowStats,
  WorkflowVersion,
} from './types';

/** One page of a list. */
export interface Page<T> {
  items: T[];
  nextPageToken: string | undefined;
}

export interface PageQuery {
  pageSize?: number;
  pageToken?: string;
  filter?: string;
  orderBy?: string;
}

const page = <T>(items: unknown, nextPageToken: string | undefined): Page<T> => ({
  items: (items ?? []) as T[],
  nextPageToken: nextPageToken || undefined,
});

/** Follows page tokens to the end. */
export async function everyPage<T>(read: (pageToken?: string) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  let token: string | undefined;
  do {
    const { items, nextPageToken } = await read(token);
    for (const item of items) all.push(item);
    token = nextPageToken;
  } while (token);
  return all;
}

export async function listWorkflows(query: PageQuery): Promise<Page<Workflow>> {
  const answer = await data(api.GET('/v1/workflows', { params: { query } }));
  return page(answer.workflows, answer.nextPageToken);
}

export async function getWorkflow(name: string): Promise<Workflow> {
  const path = { workflow: idOf(name) };
  return (await data(api.GET('/v1/workflows/{workflow}', { params: { path } }))) as Workflow;
}

export async function listVersions(name: string): Promise<WorkflowVersion[]> {
  const path = { workflow: idOf(name) };
  return everyPage(async (pageToken) => {
    const query = { pageSize: 200, pageToken };
    const answer = await data(
      api.GET('/v1/workflows/{workflow}/versions', { params: { path, query } }),
    );
    return page<WorkflowVersion>(answer.versions, answer.nextPageToken);
  });
}

export async function getVersion(name: string, version: number): Promise<WorkflowVersion> {
  const path = { workflow: idOf(name), version: String(version) };
  return (await data(
    api.GET('/v1/workflows/{workflow}/versions/{version}', { params: { path } }),
  )) as WorkflowVersion;
}

export interface StartRequest {
  input: Json;
  requestId: string;
  version?: number;
  labels?: Record<string, string>;
  priority?: number;
  businessKey?: string;
  useExisting?: boolean;
}

export async function startExecution(workflow: string, body: StartRequest): Promise<Execution> {
  const path = { workflow: idOf(workflow) };
  return (await data(
    api.POST('/v1/workflows/{workflow}:start', { params: { path }, body }),
  )) as Execution;
}

export async function listExecutions(query: PageQuery): Promise<Page<Execution>> {
  const answer = await data(api.GET('/v1/executions', { params: { query } }));
  return page(answer.executions, answer.nextPageToken);
}

export async function getExecution(name: string): Promise<Execution> {
  const path = { execution: idOf(name) };
  return (await data(api.GET('/v1/executions/{execution}', { params: { path } }))) as Execution;
}

export async function listSteps(name: string): Promise<Step[]> {
  const path = { execution: idOf(name) };
  return everyPage(async (pageToken) => {
    const query = { pageSize: 200, pageToken };
    const answer = await data(
      api.GET('/v1/executions/{execution}/steps', { params: { path, query } }),
    );
    return page<Step>(answer.steps, answer.nextPageToken);
  });
}

export async function listEvents(name: string, query: PageQuery): Promise<Page<ExecutionEvent>> {
  const path = { execution: idOf(name) };
  const answer = await data(
    api.GET('/v1/executions/{execution}/events', { params: { path, query } }),
  );
  return page(answer.events, answer.nextPageToken);
}

/** The child that a step started last, as the journal has it: steps name it only while they wait. */
export async function findChild(name: string, node: string, iteration: string) {
  const events = await everyPage((pageToken) =>
    listEvents(name, { pageSize: 1000, ...(pageToken && { pageToken }) }),
  );
  const attached = events.findLast(
    (event) =>
      event.type === 'ChildAttached' &&
      event.node === node &&
      (event.iteration ?? '') === iteration,
  );
  const child = attached?.detail?.['child'];
  return typeof child === 'string' ? child : null;
}

export async function cancelExecution(
  name: string,
  cause: string,
  compensate: boolean,
): Promise<Execution> {
  const path = { execution: idOf(name) };
  return (await data(
    api.POST('/v1/executions/{execution}:cancel', {
      params: { path },
      body: { cause, compensate },
    }),
  )) as Execution;
}

export async function pauseExecution(name: string, cause: string): Promise<Execution> {
  const path = { execution: idOf(name) };
  return (await data(
    api.POST('/v1/executions/{execution}:pause', {
      params: { path },
      body: { cause, requestId: randomId() },
    }),
  )) as Execution;
}

export async function resumeExecution(
  name: string,
  decisions: Record<string, StepDecision>,
): Promise<Execution> {
  const path = { execution: idOf(name) };
  return (await data(
    api.POST('/v1/executions/{execution}:resume', {
      params: { path },
      body: { decisions, requestId: randomId() },
    }),
  )) as Execution;
}

export async function signalExecution(
  name: string,
  body: { signal: string; payload?: Json; requestId: string },
): Promise<Execution> {
  const path = { execution: idOf(name) };
  return (await data(
    api.POST('/v1/executions/{execution}:signal', { params: { path }, body }),
  )) as Execution;
}

export async function retryExecution(name: string, requestId: string): Promise<Execution> {
  const path = { execution: idOf(name) };
  return (await data(
    api.POST('/v1/executions/{execution}:retry', { params: { path }, body: { requestId } }),
  )) as Execution;
}

/** From a checkpoint (its sequence), or as if it were about to begin with a step. */
export interface ForkRequest {
  checkpoint?: string;
  step?: string;
  input?: Json;
  outputs?: Record<string, Json>;
  requestId: string;
}

export async function forkExecution(name: string, body: ForkRequest): Promise<Execution> {
  const path = { execution: idOf(name) };
  return (await data(
    api.POST('/v1/executions/{execution}:fork', { params: { path }, body }),
  )) as Execution;
}

export async function listCheckpoints(name: string, query: PageQuery): Promise<Page<Checkpoint>> {
  const path = { execution: idOf(name) };
  const answer = await data(
    api.GET('/v1/executions/{execution}/checkpoints', { params: { path, query } }),
  );
  return page(answer.checkpoints, answer.nextPageToken);
}

/** Each start has a request id of its own; those that were refused say why, in their order. */
export async function batchStart(
  workflow: string,
  requests: StartRequest[],
): Promise<BatchStartResult[]> {
  const path = { workflow: idOf(workflow) };
  const answer = await data(
    api.POST('/v1/workflows/{workflow}:batchStart', {
      params: { path },
      // The path names the workflow of all of them.
      body: { requests: requests.map((request) => ({ ...request, workflow })) },
    }),
  );
  return answer.results ?? [];
}

export interface MigrationRequest {
  fromVersion: number;
  toVersion: number;
  mapping: Record<string, string>;
  validateOnly: boolean;
  requestId: string;
}

export async function createMigration(
  workflow: string,
  { requestId, ...migration }: MigrationRequest,
): Promise<Migration> {
  const path = { workflow: idOf(workflow) };
  return data(
    api.POST('/v1/workflows/{workflow}/migrations', {
      params: { path, query: { requestId } },
      body: migration,
    }),
  );
}

export async function getMigration(name: string): Promise<Migration> {
  const [, workflow = '', , migration = ''] = name.split('/');
  return data(
    api.GET('/v1/workflows/{workflow}/migrations/{migration}', {
      params: { path: { workflow, migration } },
    }),
  );
}

export async function listMigrations(workflow: string, query: PageQuery): Promise<Page<Migration>> {
  const path = { workflow: idOf(workflow) };
  const answer = await data(
    api.GET('/v1/workflows/{workflow}/migrations', { params: { path, query } }),
  );
  return page(answer.migrations, answer.nextPageToken);
}

export async function getApproval(name: string): Promise<Approval> {
  const path = { approval: idOf(name) };
  return (await data(api.GET('/v1/approvals/{approval}', { params: { path } }))) as Approval;
}

export async function listApprovals(query: PageQuery): Promise<Page<Approval>> {
  const answer = await data(api.GET('/v1/approvals', { params: { query } }));
  return page(answer.approvals, answer.nextPageToken);
}

export async function decideApproval(
  name: string,
  approve: boolean,
  body: { comment: string; values?: Json },
): Promise<Approval> {
  const path = { approval: idOf(name) };
  return (await data(
    approve
      ? api.POST('/v1/approvals/{approval}:approve', { params: { path }, body })
      : api.POST('/v1/approvals/{approval}:reject', { params: { path }, body }),
  )) as Approval;
}

/** What people call whoever did something: an e-mail address, a key's title. */
export async function findPrincipalTitle(name: string): Promise<string | undefined> {
  const id = idOf(name);
  if (name.startsWith('users/')) {
    const user = await data(api.GET('/v1/users/{user}', { params: { path: { user: id } } }));
    return user.displayName || user.email;
  }
  const params = { path: { apiKey: id } };
  return (await data(api.GET('/v1/apiKeys/{apiKey}', { params }))).title;
}

export async function listAgents(): Promise<Agent[]> {
  return everyPage(async (pageToken) => {
    const query = { pageSize: 200, pageToken };
    const answer = await data(api.GET('/v1/agents', { params: { query } }));
    return page<Agent>(answer.agents, answer.nextPageToken);
  });
}

export interface Stats {
  rows: WorkflowStats[];
  /** How far the figures are behind: a google.protobuf.Duration in JSON. */
  lag: string | undefined;
}

export async function listWorkflowStats(): Promise<Stats> {
  let lag: string | undefined;
  const rows = await everyPage(async (pageToken) => {
    const query = { pageSize: 200, pageToken };
    const answer = await data(api.GET('/v1/workflowStats', { params: { query } }));
    lag = answer.lag;
    return page<WorkflowStats>(answer.workflowStats, answer.nextPageToken);
  });
  return { rows, lag };
}

/** What an expression reads: an execution, or one of its steps by its key ("outer.inner#2.5"). */
export interface ExpressionPlace {
  execution: string;
  step?: string | undefined;
}

/** Everything wrong with an expression, and what may be written at the cursor. */
export async function checkExpression(
  place: ExpressionPlace,
  expression: string,
  cursor: number,
  signal: AbortSignal,
): Promise<ExpressionCheck> {
  const body = { ...place, expression, cursor, offsetUnit: 'UTF16_UNITS' as const };
  return data(api.POST('/v1/expressions:check', { body, signal }));
}

export async function evaluateExpression(
  place: ExpressionPlace,
  expression: string,
): Promise<ExpressionValue> {
  const body = { ...place, expression, offsetUnit: 'UTF16_UNITS' as const };
  return (await data(api.POST('/v1/expressions:evaluate', { body }))) as ExpressionValue;
}
