import { type EdgeProps, getBezierPath } from '@xyflow/react';
import { memo } from 'react';
import { arrowPath, roundedPath } from './edge-path';
import type { FlowEdge } from './flow-types';
import css from './graph.module.css';
import { useEdgeState } from './run-context';

/** An edge along its laid-out corners; what runs flows. */
export const Wire = memo(function Wire(props: EdgeProps<FlowEdge>) {
  const { edge, route, direction } = props.data!;
  const state = useEdgeState(edge);
  const path = route ? roundedPath(route) : getBezierPath(props)[0];
  const from = route?.[0] ?? { x: props.sourceX, y: props.sourceY };
  const to = route?.at(-1) ?? { x: props.targetX, y: props.targetY };
  const right = direction === 'RIGHT';
  return (
    <g className={css.wire} data-state={state} data-kind={edge.kind}>
      <path className={css.edge} d={path} />
      {state === 'active' && <path className={css.flow} d={path} />}
      <path className={css.tip} d={arrowPath(to, direction)} />
      {edge.port && (
        <text className={css.edgeLabel} x={from.x + (right ? 7 : 6)} y={from.y + (right ? -6 : 14)}>
          {edge.port}
        </text>
      )}
    </g>
  );
});
