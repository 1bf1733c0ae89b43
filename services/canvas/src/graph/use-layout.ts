import { useEffect, useMemo, useState } from 'react';
import type { Graph } from './document';
import type { FlowEdge, FlowNode } from './flow-types';
import { layoutGraph } from './layout';
import type { Box, Direction, Layout } from './layout/types';

const sizes = {
  node: { width: 240, height: 60 },
  start: { width: 84, height: 34 },
  container: { width: 280, height: 120 },
};

export interface LaidOut {
  nodes: FlowNode[];
  edges: FlowEdge[];
  /** In the graph's own coordinates, not the parent's. */
  boxes: Map<string, Box>;
  direction: Direction;
}

/** What the layout has to place, with the sizes of the cards. */
export const layoutNodes = (graph: Graph) =>
  graph.nodes.map(({ id, parent, kind }) => ({ id, parent, ...sizes[kind] }));

/** The graph with places for everything; undefined while they are being found. */
export function useLayout(graph: Graph, direction: Direction | undefined): LaidOut | undefined {
  const [done, setDone] = useState<{ graph: Graph; direction: Direction; layout: Layout }>();
  useEffect(() => {
    if (!direction) return;
    let current = true;
    void layoutGraph(layoutNodes(graph), graph.edges, direction).then((layout) => {
      if (current) setDone({ graph, direction, layout });
    });
    return () => {
      current = false;
    };
  }, [graph, direction]);
  return useMemo(() => done && toFlow(done.graph, done.layout, done.direction), [done]);
}

function toFlow(graph: Graph, layout: Layout, direction: Direction): LaidOut {
  const boxes = new Map<string, Box>();
  const entry = graph.nodes.find((node) => node.kind !== 'start')?.id;
  const nodes = graph.nodes.map((node): FlowNode => {
    const box = layout.boxes.get(node.id) ?? { x: 0, y: 0, ...sizes[node.kind] };
    const parent = node.parent === undefined ? undefined : boxes.get(node.parent);
    boxes.set(node.id, { ...box, x: box.x + (parent?.x ?? 0), y: box.y + (parent?.y ?? 0) });
    return {
      id: node.id,
      type: node.kind,
      position: { x: box.x, y: box.y },
      width: box.width,
      height: box.height,
      data: { node, direction },
      ...(node.parent !== undefined && { parentId: node.parent }),
      selectable: node.kind !== 'start',
      focusable: node.kind !== 'start',
      ariaLabel: node.kind === 'start' ? 'Start' : `${node.title}, ${node.type}`,
      // One tab stop for the graph; arrows walk on from there.
      domAttributes: { tabIndex: node.id === entry ? 0 : -1 },
      // A container lies beneath what it holds.
      zIndex: node.kind === 'container' ? 0 : 1,
    };
  });
  const edges = graph.edges.map(
    (edge): FlowEdge => ({
      id: edge.id,
      type: 'wire',
      source: edge.source,
      target: edge.target,
      data: { edge, route: layout.routes.get(edge.id), direction },
      focusable: false,
      selectable: false,
      zIndex: edge.source.includes('.') ? 1 : 0,
    }),
  );
  return { nodes, edges, boxes, direction };
}
