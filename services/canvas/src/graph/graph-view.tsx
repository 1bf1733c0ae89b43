import '@xyflow/react/dist/base.css';
import {
  Background,
  BackgroundVariant,
  MiniMap,
  type MiniMapNodeProps,
  Panel,
  ReactFlow,
  type ReactFlowInstance,
  ReactFlowProvider,
  useOnViewportChange,
  useReactFlow,
} from '@xyflow/react';
import { ArrowDownUp, Maximize, Minus, Plus } from 'lucide-react';
import {
  type KeyboardEvent,
  type RefObject,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import type { RunStore } from '@/run/run-store';
import { stepLook } from '@/run/states';
import { Button, Skeleton } from '@/ui/basics';
import { toneClass } from '@/ui/state-badge';
import { type Graph, isStart } from './document';
import type { FlowEdge, FlowNode } from './flow-types';
import css from './graph.module.css';
import { chooseDirection } from './layout/choose-direction';
import type { Direction } from './layout/types';
import { ContainerCard, NodeCard, StartCard } from './node-cards';
import { RunProvider, useNodeRun } from './run-context';
import { type LaidOut, layoutNodes, useLayout } from './use-layout';
import { type WalkKey, walk } from './walk';
import { Wire } from './wire';

const nodeTypes = { node: NodeCard, container: ContainerCard, start: StartCard };
const edgeTypes = { wire: Wire };
const fitOptions = { padding: 0.12, maxZoom: 1.15, duration: 0 };
/** From here on only what is on screen is in the page. */
const virtualFrom = 250;
const miniMapFrom = 24;
/** Larger graphs open at their start: all of one would be thousands of cards a few pixels wide. */
const wholeUpTo = 1500;
const startZoom = 0.4;

interface GraphViewProps {
  graph: Graph;
  run?: RunStore | undefined;
  selected: string | undefined;
  onSelect: (id: string | undefined) => void;
}

/** A workflow as a graph, with the state of a run on it. The only place that knows React Flow. */
export function GraphView(props: GraphViewProps) {
  const [container, setContainer] = useState<HTMLDivElement | null>(null);
  const [chosen, setChosen] = useState<Direction>();
  // Decided once for a graph: turning it when a panel opens would lose the reader's place.
  const fitting = useMemo(() => {
    if (!container) return undefined;
    const room = { width: container.clientWidth, height: container.clientHeight };
    return chooseDirection(layoutNodes(props.graph), props.graph.edges, room);
  }, [container, props.graph]);
  const direction = chosen ?? fitting;
  const laidOut = useLayout(props.graph, direction);
  const view = laidOut && (
    <ReactFlowProvider>
      <Flow
        {...props}
        laidOut={laidOut}
        onTurn={() => setChosen(direction === 'RIGHT' ? 'DOWN' : 'RIGHT')}
      />
    </ReactFlowProvider>
  );
  return (
    <div ref={setContainer} className={css.graph} data-graph="">
      {props.run ? <RunProvider value={props.run}>{view}</RunProvider> : view}
      {!laidOut && (
        <div className={css.laying} aria-busy="true">
          <Skeleton width={180} height={56} />
          <Skeleton width={180} height={56} />
        </div>
      )}
    </div>
  );
}

function Flow({
  laidOut,
  selected,
  onSelect,
  onTurn,
}: GraphViewProps & { laidOut: LaidOut; onTurn: () => void }) {
  const frame = useRef<HTMLDivElement>(null);
  const flow = useReactFlow<FlowNode, FlowEdge>();
  const touched = useRef(false);
  const nodes = useMemo(
    () => laidOut.nodes.map((node) => (node.id === selected ? { ...node, selected: true } : node)),
    [laidOut, selected],
  );
  const showAll = useCallback(
    (duration = 0) => {
      touched.current = false;
      void flow.fitView({ ...fitOptions, duration });
    },
    [flow],
  );
  useLevelOfDetail(frame);
  useRefit(frame, touched, showAll, laidOut.nodes.length <= wholeUpTo);
  useKeepInView(flow, laidOut, selected);

  useEffect(() => {
    requestAnimationFrame(() => {
      if (laidOut.nodes.length <= wholeUpTo) showAll();
      else void flow.setViewport(atStart(laidOut, frame.current));
    });
  }, [laidOut, showAll, flow]);

  const focusNode = (id: string) =>
    frame.current
      ?.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(id)}"]`)
      ?.focus();

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'f' && !event.ctrlKey && !event.metaKey) showAll(200);
    if (event.key === 'Escape') onSelect(undefined);
    const id = (event.target as Element).closest<HTMLElement>('.react-flow__node')?.dataset['id'];
    if (!id) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      onSelect(id);
    }
    if (!event.key.startsWith('Arrow')) return;
    event.preventDefault();
    const edges = laidOut.edges.map((edge) => edge.data!.edge);
    const next = walk(id, event.key as WalkKey, laidOut.boxes, edges, laidOut.direction);
    if (!next || isStart(next)) return;
    bringIntoView(flow, laidOut, next);
    focusNode(next);
    if (selected) onSelect(next);
  };

  return (
    // Keys bubble up from the nodes, which take the focus.
    <div ref={frame} className={css.graph} onKeyDown={onKeyDown}>
      <ReactFlow<FlowNode, FlowEdge>
        nodes={nodes}
        edges={laidOut.edges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        fitView={nodes.length <= wholeUpTo}
        fitViewOptions={fitOptions}
        minZoom={0.05}
        maxZoom={2}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        disableKeyboardA11y
        deleteKeyCode={null}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        panOnScroll
        zoomOnDoubleClick={false}
        onlyRenderVisibleElements={nodes.length > virtualFrom}
        onMoveStart={(event) => {
          if (event) touched.current = true;
        }}
        onNodeClick={(_, node) => {
          if (node.type !== 'start') onSelect(node.id);
        }}
        onPaneClick={() => onSelect(undefined)}
        aria-label="Workflow graph"
      >
        <Background variant={BackgroundVariant.Dots} gap={22} size={1.5} />
        {nodes.length >= miniMapFrom && (
          <MiniMap nodeComponent={MiniNode} pannable zoomable ariaLabel="Overview of the graph" />
        )}
        <Panel position="bottom-left">
          <div className={css.controls}>
            <Button
              kind="quiet"
              size="small"
              icon={Plus}
              aria-label="Zoom in"
              onClick={() => void flow.zoomIn({ duration: 120 })}
            />
            <Button
              kind="quiet"
              size="small"
              icon={Minus}
              aria-label="Zoom out"
              onClick={() => void flow.zoomOut({ duration: 120 })}
            />
            <Button
              kind="quiet"
              size="small"
              icon={Maximize}
              aria-label="Fit to the window"
              onClick={() => showAll(200)}
            />
            <Button
              kind="quiet"
              size="small"
              icon={ArrowDownUp}
              aria-label="Turn the layout"
              onClick={onTurn}
            />
          </div>
        </Panel>
      </ReactFlow>
    </div>
  );
}

function atStart(laidOut: LaidOut, frame: HTMLElement | null) {
  const box = laidOut.boxes.get('start') ?? { x: 0, y: 0 };
  const right = laidOut.direction === 'RIGHT';
  const room = { width: frame?.clientWidth ?? 0, height: frame?.clientHeight ?? 0 };
  return {
    x: (right ? 60 : room.width / 2) - box.x * startZoom,
    y: (right ? room.height / 2 : 60) - box.y * startZoom,
    zoom: startZoom,
  };
}

type FlowInstance = ReactFlowInstance<FlowNode, FlowEdge>;

/** Writes how much detail fits onto the frame, where the style sheet reads it. */
function useLevelOfDetail(frame: RefObject<HTMLDivElement | null>) {
  const onChange = useCallback(
    ({ zoom }: { zoom: number }) => {
      const lod = zoom >= 0.55 ? 'full' : zoom >= 0.3 ? 'compact' : 'box';
      if (frame.current && frame.current.dataset['lod'] !== lod) frame.current.dataset['lod'] = lod;
    },
    [frame],
  );
  useOnViewportChange({ onChange });
}

/** Keeps the whole graph in a window that changes its size, until somebody moves it. */
function useRefit(
  frame: RefObject<HTMLDivElement | null>,
  touched: RefObject<boolean>,
  showAll: (duration?: number) => void,
  enabled: boolean,
) {
  useEffect(() => {
    if (!frame.current || !enabled) return;
    const observer = new ResizeObserver(() => {
      if (!touched.current) showAll();
    });
    observer.observe(frame.current);
    return () => observer.disconnect();
  }, [frame, touched, showAll, enabled]);
}

function useKeepInView(flow: FlowInstance, laidOut: LaidOut, selected: string | undefined) {
  useEffect(() => {
    if (!selected) return;
    // After the panel beside has opened.
    const timer = setTimeout(() => bringIntoView(flow, laidOut, selected), 60);
    return () => clearTimeout(timer);
  }, [flow, laidOut, selected]);
}

/** Pans just far enough to show a node. */
function bringIntoView(flow: FlowInstance, laidOut: LaidOut, id: string) {
  const box = laidOut.boxes.get(id);
  const frame = document.querySelector('[data-graph] .react-flow')?.getBoundingClientRect();
  if (!box || !frame) return;
  const { x, y, zoom } = flow.getViewport();
  const margin = 24;
  const shift = (start: number, length: number, room: number) => {
    const end = start + length;
    if (start < margin) return margin - start;
    return end > room - margin ? Math.max(room - margin - end, margin - start) : 0;
  };
  const dx = shift(box.x * zoom + x, box.width * zoom, frame.width);
  const dy = shift(box.y * zoom + y, box.height * zoom, frame.height);
  if (dx || dy) void flow.setViewport({ x: x + dx, y: y + dy, zoom }, { duration: 160 });
}

function MiniNode({ id, x, y, width, height }: MiniMapNodeProps) {
  const run = useNodeRun(id);
  return (
    <rect
      className={`${css.mini} ${toneClass}`}
      data-tone={run ? stepLook(run.state).tone : undefined}
      x={x}
      y={y}
      width={width}
      height={height}
      rx={12}
    />
  );
}
