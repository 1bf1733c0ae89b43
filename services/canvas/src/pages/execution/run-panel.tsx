import type { ReactNode } from 'react';
import type { Execution, JsonObject } from '@/api/types';
import { asObject } from '@/graph/document';
import { formatDateTime, idOf, timeMs } from '@/lib/format';
import { isOver } from '@/run/states';
import type { Run } from '@/run/use-run';
import { Chip, CopyButton } from '@/ui/basics';
import { Facts } from '@/ui/facts';
import { JsonView } from '@/ui/json/json-view';
import { SidePanel } from '@/ui/side-panel';
import { Principal } from '@/ui/principal';
import { ErrorBox } from './error-box';
import { ExecutionLink, StateNote, Waits } from './waits';

const keptFor = (days: number) => `${days} ${days === 1 ? 'day' : 'days'} after the day it started on`;

/** The execution itself: what it waits for, output, error, input, where it comes from. */
export function RunPanel({
  name,
  run,
  execution,
  document,
  onNode,
  foot,
}: {
  name: string;
  run: Run;
  execution: Execution;
  /** The workflow's at its version, once it has been read. */
  document: JsonObject | undefined;
  onNode: (node: string, iteration?: string) => void;
  foot: ReactNode;
}) {
  const { origin, parent } = execution;
  const labels = Object.entries(execution.labels ?? {});
  return (
    <SidePanel
      title="Execution"
      label="Execution"
      subtitle={<span className="mono">{idOf(execution.name)}</span>}
      foot={foot}
    >
      {execution.error && <ErrorBox error={execution.error} onNode={onNode} />}
      <StateNote state={execution.state} concurrency={asObject(document?.['concurrency'])} />
      {!isOver(execution.state) && <Waits name={name} run={run} onNode={onNode} />}
      {(execution.output !== undefined || execution.state === 'COMPLETED') && (
        <JsonView title="Output" value={execution.output} />
      )}
      <JsonView title="Input" value={execution.input} />
      <Facts
        rows={[
          ['Started', formatDateTime(timeMs(execution.startTime))],
          ['Ended', execution.endTime && formatDateTime(timeMs(execution.endTime))],
          [
            'Part of',
            parent?.execution && (
              <span key="parent">
                <ExecutionLink name={parent.execution} node={parent.step?.split('#')[0]} />, step{' '}
                <span className="mono">{parent.step}</span>
              </span>
            ),
          ],
          [
            origin?.kind === 'RETRY' ? 'Retry of' : 'Fork of',
            origin?.execution && (
              <span key="origin">
                <ExecutionLink name={origin.execution} /> at event {origin.sequence}
              </span>
            ),
          ],
          ['Version', execution.version],
          ['Mode', execution.mode?.toLowerCase().replace('_', ' ')],
          ['Priority', execution.priority],
          ['Business key', execution.businessKey],
          ['Kept', execution.retentionDays && keptFor(execution.retentionDays)],
          [
            'By',
            execution.creator && <Principal key="by" name={execution.creator} />,
          ],
          [
            'Labels',
            labels.length > 0
              ? labels.map(([key, value]) => (
                  <Chip key={key}>
                    {key}={value}
                  </Chip>
                ))
              : undefined,
          ],
          [
            'Trace',
            execution.traceId && (
              <span key="trace" className="mono">
                {execution.traceId.slice(0, 16)}…
                <CopyButton label="Copy the trace id" text={() => execution.traceId ?? ''} />
              </span>
            ),
          ],
        ]}
      />
    </SidePanel>
  );
}
