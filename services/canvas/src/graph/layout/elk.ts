import type { ELK, ElkNode } from 'elkjs/lib/elk-api.js';
import {
  containerPadding,
  type Direction,
  type Layout,
  type LayoutEdge,
  type LayoutNode,
  layerGap,
  nodeGap,
} from './types';

/** Up to here the finer placement is quick. */
const fineNodes = 150;

/** The graph as ELK wants it: nested children, edges at the root. */
export function toElk(
  nodes: readonly LayoutNode[],
  edges: readonly LayoutEdge[],
  direction: Direction,
): ElkNode {
  const made = new Map<string, ElkNode>();
  const root: ElkNode = {
    id: '(root)',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': direction,
      'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
      'elk.layered.spacing.nodeNodeBetweenLayers': String(layerGap),
      'elk.spacing.nodeNode': String(nodeGap),
      'elk.layered.spacing.edgeNodeBetweenLayers': '24',
      'elk.spacing.edgeNode': '20',
      // The document's order of branches is the reader's order from top to bottom.
      'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
      // The finer one takes six seconds for a thousand nodes, the other half of one.
      'elk.layered.nodePlacement.strategy':
        nodes.length > fineNodes ? 'BRANDES_KOEPF' : 'NETWORK_SIMPLEX',
      'elk.layered.nodePlacement.favorStraightEdges': 'true',
      'elk.layered.thoroughness': nodes.length > 500 ? '2' : '7',
      'elk.separateConnectedComponents': 'false',
      'elk.edgeRouting': 'ORTHOGONAL',
      'elk.json.edgeCoords': 'ROOT',
    },
    children: [],
    edges: edges.map((edge) => ({ id: edge.id, sources: [edge.source], targets: [edge.target] })),
  };
  const parents = new Set(nodes.map((node) => node.parent));
  for (const node of nodes) {
    const isParent = parents.has(node.id);
    made.set(node.id, {
      id: node.id,
      ...(isParent
        ? {
            children: [],
            layoutOptions: {
              'elk.padding': `[top=${containerPadding.top},left=${containerPadding.side},bottom=${containerPadding.bottom},right=${containerPadding.side}]`,
              'elk.nodeSize.constraints': 'MINIMUM_SIZE',
              'elk.nodeSize.minimum': `(${node.width},${node.height})`,
            },
          }
        : { width: node.width, height: node.height }),
    });
  }
  for (const node of nodes) {
    const parent = node.parent === undefined ? root : made.get(node.parent);
    (parent ?? root).children!.push(made.get(node.id)!);
  }
  return root;
}

export function fromElk(root: ElkNode): Layout {
  const layout: Layout = { boxes: new Map(), routes: new Map() };
  const visit = (node: ElkNode) => {
    for (const child of node.children ?? []) {
      layout.boxes.set(child.id, {
        x: child.x ?? 0,
        y: child.y ?? 0,
        width: child.width ?? 0,
        height: child.height ?? 0,
      });
      visit(child);
    }
    for (const edge of node.edges ?? []) {
      const section = edge.sections?.[0];
      if (!section || edge.sections!.length > 1) continue;
      const corners = section.bendPoints ?? [];
      layout.routes.set(edge.id, [section.startPoint, ...corners, section.endPoint]);
    }
  };
  visit(root);
  return layout;
}

export async function elkLayout(
  elk: ELK,
  nodes: readonly LayoutNode[],
  edges: readonly LayoutEdge[],
  direction: Direction,
): Promise<Layout> {
  return fromElk(await elk.layout(toElk(nodes, edges, direction)));
}
