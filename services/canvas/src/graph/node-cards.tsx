import { Handle, type NodeProps, Position } from '@xyflow/react';
import {
  Database,
  type LucideIcon,
  Merge,
  Play,
  RotateCw,
  Timer,
  Undo2,
  UserCheck,
} from 'lucide-react';
import { memo } from 'react';
import type { NodeRun } from '@/run/node-run';
import { stepLook } from '@/run/states';
import { StateIcon, toneClass } from '@/ui/state-badge';
import { Duration } from '@/ui/time';
import type { Policy } from './document';
import type { FlowNode } from './flow-types';
import css from './graph.module.css';
import { iconOf } from './node-icons';
import { useHasRun, useNodeRun, useRunOver } from './run-context';

const policyLooks: Record<Policy, { icon: LucideIcon; label: string }> = {
  approval: { icon: UserCheck, label: 'Needs approval' },
  retry: { icon: RotateCw, label: 'Retries' },
  timeout: { icon: Timer, label: 'Has a time limit' },
  compensate: { icon: Undo2, label: 'Can be undone' },
  join: { icon: Merge, label: 'Does not wait for every branch' },
  cache: { icon: Database, label: 'Cached' },
};

function Ends({ direction }: { direction: 'RIGHT' | 'DOWN' }) {
  const right = direction === 'RIGHT';
  return (
    <>
      <Handle type="target" position={right ? Position.Left : Position.Top} isConnectable={false} />
      <Handle
        type="source"
        position={right ? Position.Right : Position.Bottom}
        isConnectable={false}
      />
    </>
  );
}

/** One node: what it is, and how its run is going. */
export const NodeCard = memo(function NodeCard({ id, data }: NodeProps<FlowNode>) {
  const { node, direction } = data;
  const run = useNodeRun(id);
  const hasRun = useHasRun();
  const Icon = iconOf(node.type);
  return (
    <div
      className={`${css.card} ${toneClass}`}
      data-tone={run ? stepLook(run.state).tone : undefined}
      data-state={run?.state}
      data-waiting={hasRun && !run ? '' : undefined}
    >
      <span className={css.tile}>
        <Icon size={17} aria-hidden />
      </span>
      <div className={css.words}>
        <div className={css.title} title={node.title}>
          {node.title}
        </div>
        <div className={css.line} title={node.summary || undefined}>
          {node.summary || <span className={css.type}>{node.type}</span>}
        </div>
      </div>
      {run && <Status run={run} />}
      <Badges policies={node.policies} attempt={run?.attempt ?? 0} />
      {run && run.count > 1 && <Progress run={run} />}
      <Ends direction={direction} />
    </div>
  );
});

function Status({ run }: { run: NodeRun }) {
  const over = useRunOver();
  return (
    <div className={css.status}>
      <StateIcon state={run.state} size={15} />
      <span className="sr-only">{stepLook(run.state).label}</span>
      {run.count > 1 ? (
        <span className="num">
          {run.overCount}/{run.count}
        </span>
      ) : (
        run.startMs !== undefined &&
        (run.endMs !== undefined || !over) && <Duration startMs={run.startMs} endMs={run.endMs} />
      )}
    </div>
  );
}

function Badges({ policies, attempt }: { policies: Policy[]; attempt: number }) {
  if (policies.length === 0 && attempt < 2) return null;
  return (
    <div className={css.badges}>
      {attempt > 1 && (
        <span className={`${css.badge} ${css.attempt}`} title={`Attempt ${attempt}`}>
          try {attempt}
        </span>
      )}
      {policies.map((policy) => {
        const { icon: Icon, label } = policyLooks[policy];
        return (
          <span key={policy} className={css.badge} title={label}>
            <Icon size={10} aria-label={label} />
          </span>
        );
      })}
    </div>
  );
}

function Progress({ run }: { run: NodeRun }) {
  return (
    <div className={css.progress}>
      <span style={{ width: `${(100 * run.overCount) / run.count}%` }} />
    </div>
  );
}

export const ContainerCard = memo(function ContainerCard({ id, data }: NodeProps<FlowNode>) {
  const { node, direction } = data;
  const run = useNodeRun(id);
  const Icon = iconOf(node.type);
  return (
    <div
      className={`${css.container} ${toneClass}`}
      data-tone={run ? stepLook(run.state).tone : undefined}
      data-state={run?.state}
    >
      <div className={css.containerHead}>
        <Icon size={15} aria-hidden />
        <span className={css.title}>{node.title}</span>
        <span className={`${css.line} ${css.type}`}>{node.type}</span>
        {run && <Status run={run} />}
      </div>
      <Ends direction={direction} />
    </div>
  );
});

export const StartCard = memo(function StartCard({ data }: NodeProps<FlowNode>) {
  return (
    <div className={css.start}>
      <Play size={12} aria-hidden />
      {data.node.title}
      <Ends direction={data.direction} />
    </div>
  );
});
