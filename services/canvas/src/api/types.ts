import type { components } from './schema';

/** What the API speaks of, from the generated schema. Any field may be missing: ProtoJSON leaves
 * out what is not set. `unknown` values are narrowed to JSON, which is what they are. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

type Schemas = components['schemas'];
type Narrow<T, Fields> = Omit<T, keyof Fields> & Fields;

export type ExecutionState = Schemas['Execution.State'];
export type StepState = Schemas['Step.State'];
export type ExecutionError = Schemas['ExecutionError'];
export type AttemptFailure = Schemas['AttemptFailure'];
export type WorkflowStats = Schemas['WorkflowStats'];
export type WhoAmI = Schemas['WhoAmIResponse'];
export type TokenPair = Schemas['TokenPair'];
export type Endpoint = Schemas['Endpoint'];
export type Workflow = Narrow<Schemas['Workflow'], { document?: JsonObject }>;
export type WorkflowVersion = Narrow<Schemas['WorkflowVersion'], { document?: JsonObject }>;
export type Execution = Narrow<Schemas['Execution'], { input?: Json; output?: Json }>;
export type Step = Narrow<Schemas['Step'], { input?: Json; output?: Json }>;
export type Approval = Narrow<Schemas['Approval'], { form?: JsonObject; values?: Json }>;
export type StepDecision = Narrow<Schemas['StepDecision'], { output?: Json }>;
export type Checkpoint = Schemas['Checkpoint'];
export type Migration = Schemas['Migration'];
export type BatchStartResult = Schemas['BatchStartResult'];
export type ApprovalState = Schemas['Approval.State'];
export type ExecutionEvent = Narrow<Schemas['ExecutionEvent'], { detail?: JsonObject }>;
export type Agent = Narrow<
  Schemas['Agent'],
  { inputSchema?: JsonObject; outputSchema?: JsonObject }
>;
export type NodeType = Narrow<Schemas['NodeType'], { configSchema?: JsonObject }>;

export type ExpressionProblem = Schemas['ExpressionProblem'];
export type ExpressionCompletion = Schemas['ExpressionCompletion'];
export type ExpressionCheck = Schemas['CheckExpressionResponse'];
export type ExpressionValue = Narrow<Schemas['EvaluateExpressionResponse'], { value?: Json }>;
