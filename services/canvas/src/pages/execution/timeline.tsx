import { useVirtualizer } from '@tanstack/react-virtual';
import { ChartGantt } from 'lucide-react';
import { type CSSProperties, useMemo, useRef } from 'react';
import { useStore } from 'zustand';
import type { Graph } from '@/graph/document';
import { formatDuration, timeMs } from '@/lib/format';
import type { RunStore } from '@/run/run-store';
import { isOver, stepLook } from '@/run/states';
import { Empty } from '@/ui/basics';
import { useNow } from '@/ui/now';
import { StateIcon, toneClass } from '@/ui/state-badge';
import css from './execution.module.css';
import { type Lane, lanesOf, ticks } from './timeline-model';

interface TimelineProps {
  store: RunStore;
  graph: Graph;
  selected: string | undefined;
  iteration: string | undefined;
  onSelect: (node: string, iteration: string) => void;
}

/** Steps over time; the bar of a step grows while it runs, a mark is a failed attempt. */
export function Timeline({ store, graph, selected, iteration, onSelect }: TimelineProps) {
  const steps = useStore(store, (state) => state.steps);
  const execution = useStore(store, (state) => state.execution?.value);
  const live = !isOver(execution?.state);
  const now = useNow(live);
  const lanes = useMemo(() => lanesOf(Array.from(steps.values(), (held) => held.value)), [steps]);
  const titles = useMemo(() => new Map(graph.nodes.map((node) => [node.id, node.title])), [graph]);
  const scroll = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: lanes.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => 34,
    overscan: 15,
  });
  const known = lanes.flatMap((lane) => [lane.startMs ?? [], lane.endMs ?? []].flat());
  const from = Math.min(
    timeMs(execution?.startTime) ?? Number.POSITIVE_INFINITY,
    ...known.slice(0, 1),
  );
  const lastKnown = lanes.reduce(
    (most, lane) => Math.max(most, lane.endMs ?? lane.startMs ?? 0),
    0,
  );
  const to = Math.max(live ? now : (timeMs(execution?.endTime) ?? 0), lastKnown, from + 1);
  const span = to - from;
  // A label needs about 80 px beside the names.
  const marks = Math.max(2, Math.floor(((scroll.current?.clientWidth ?? 900) - 300) / 80));

  if (lanes.length === 0) {
    return (
      <Empty icon={ChartGantt} title="No steps yet">
        They appear here as they are activated.
      </Empty>
    );
  }
  return (
    <div ref={scroll} className={css.timeline}>
      <div className={css.axis} aria-hidden>
        <span />
        <div className={css.scale}>
          {ticks(span, marks).map((tick) => (
            <span
              key={tick}
              className={`${css.tick} num`}
              style={{ left: `${(100 * tick) / span}%` }}
            >
              {formatDuration(tick)}
            </span>
          ))}
        </div>
      </div>
      <div className={css.bars} style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map((item) => {
          const lane = lanes[item.index]!;
          return (
            <button
              key={lane.key}
              type="button"
              className={css.lane}
              style={
                { transform: `translateY(${item.start}px)`, '--depth': lane.depth } as CSSProperties
              }
              aria-pressed={
                lane.node === selected && (iteration === undefined || lane.iteration === iteration)
              }
              onClick={() => onSelect(lane.node, lane.iteration)}
            >
              <LaneBar
                lane={lane}
                title={titles.get(lane.node) ?? lane.node}
                from={from}
                span={span}
                now={to}
                live={live}
              />
            </button>
          );
        })}
      </div>
    </div>
  );
}

interface LaneBarProps {
  lane: Lane;
  title: string;
  from: number;
  span: number;
  now: number;
  live: boolean;
}

function LaneBar({ lane, title, from, span, now, live }: LaneBarProps) {
  const look = stepLook(lane.step.state);
  const at = (ms: number) => `${(100 * (ms - from)) / span}%`;
  const open = lane.startMs !== undefined && lane.endMs === undefined && live;
  const end = lane.endMs ?? (live ? now : (lane.startMs ?? 0));
  return (
    <>
      <span className={`${css.laneName} ${toneClass}`} data-tone={look.tone}>
        <StateIcon state={lane.step.state} size={13} />
        <span className="truncate">{title}</span>
        {lane.iteration && <span className="mono dim">#{lane.iteration}</span>}
        <span className="sr-only">{look.label}</span>
      </span>
      <span className={css.track}>
        {lane.startMs !== undefined && (
          <>
            <span
              className={`${css.bar} ${toneClass}`}
              data-tone={look.tone}
              data-open={open ? '' : undefined}
              style={{ left: at(lane.startMs), width: `${(100 * (end - lane.startMs)) / span}%` }}
            />
            <span className={`${css.barLabel} num`} style={{ left: at(end) }}>
              {formatDuration(end - lane.startMs)}
            </span>
          </>
        )}
        {lane.misses.map((ms) => (
          <span key={ms} className={css.miss} style={{ left: at(ms) }} title="An attempt failed" />
        ))}
      </span>
    </>
  );
}
