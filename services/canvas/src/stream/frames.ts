import type { Execution, Step } from '@/api/types';

/** agentflow.api.v1.ClientFrame in JSON. */
export type ClientFrame =
  | { subscribe: { id: string; topic: string; position?: string } }
  | { unsubscribe: { id: string } }
  | { ping: Record<string, never> };

/** agentflow.api.v1.StreamEvent: one of `execution` and `step`. */
export interface StreamEvent {
  id?: string;
  position?: string;
  execution?: Execution;
  step?: Step;
}

/** agentflow.api.v1.ServerFrame in JSON. */
export interface ServerFrame {
  subscribed?: { id?: string; position?: string };
  event?: StreamEvent;
  reset?: { id?: string; position?: string };
  failed?: { id?: string; reason?: string; message?: string };
  pong?: Record<string, never>;
}
