import type { Edge, Node } from '@xyflow/react';
import type { GraphEdge, GraphNode } from './document';
import type { Direction, Point } from './layout/types';

export type FlowNode = Node<
  { node: GraphNode; direction: Direction },
  'node' | 'start' | 'container'
>;
export type FlowEdge = Edge<
  { edge: GraphEdge; route: Point[] | undefined; direction: Direction },
  'wire'
>;
