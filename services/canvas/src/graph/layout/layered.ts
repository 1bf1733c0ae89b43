import {
  type Box,
  containerPadding,
  type Direction,
  type Layout,
  type LayoutEdge,
  type LayoutNode,
  layerGap,
  nodeGap,
} from './types';

/**
 * A plain layered layout in O(V + E): longest path for the layers, two barycentre sweeps for the
 * order. It stands in for ELK on graphs too large for it and wherever its worker cannot run.
 */
export function layeredLayout(
  nodes: readonly LayoutNode[],
  edges: readonly LayoutEdge[],
  direction: Direction,
): Layout {
  const boxes: Layout['boxes'] = new Map();
  const children = new Map<string | undefined, LayoutNode[]>();
  for (const node of nodes) {
    const siblings = children.get(node.parent);
    if (siblings) siblings.push(node);
    else children.set(node.parent, [node]);
  }
  const placeScope = (parent: string | undefined): { width: number; height: number } => {
    const members = (children.get(parent) ?? []).map((node) => {
      if (!children.has(node.id)) return node;
      const inner = placeScope(node.id);
      return {
        ...node,
        width: Math.max(node.width, inner.width + 2 * containerPadding.side),
        height: inner.height + containerPadding.top + containerPadding.bottom,
      };
    });
    const own = new Set(members.map((node) => node.id));
    const inside = edges.filter((edge) => own.has(edge.source) && own.has(edge.target));
    return placeLayers(members, inside, direction, boxes, parent !== undefined);
  };
  placeScope(undefined);
  return { boxes, routes: new Map() };
}

function placeLayers(
  nodes: LayoutNode[],
  edges: LayoutEdge[],
  direction: Direction,
  boxes: Layout['boxes'],
  inContainer: boolean,
): { width: number; height: number } {
  const layers = order(layer(nodes, edges), edges);
  const along = (node: LayoutNode) => (direction === 'RIGHT' ? node.width : node.height);
  const across = (node: LayoutNode) => (direction === 'RIGHT' ? node.height : node.width);
  const breadths = layers.map(
    (members) => members.reduce((sum, node) => sum + across(node) + nodeGap, 0) - nodeGap,
  );
  const breadth = Math.max(0, ...breadths);
  let main = 0;
  layers.forEach((members, index) => {
    let cross = (breadth - breadths[index]!) / 2;
    for (const node of members) {
      const x = direction === 'RIGHT' ? main : cross;
      const y = direction === 'RIGHT' ? cross : main;
      const box: Box = {
        x: x + (inContainer ? containerPadding.side : 0),
        y: y + (inContainer ? containerPadding.top : 0),
        width: node.width,
        height: node.height,
      };
      boxes.set(node.id, box);
      cross += across(node) + nodeGap;
    }
    main += Math.max(0, ...members.map(along)) + layerGap;
  });
  const length = Math.max(0, main - layerGap);
  return direction === 'RIGHT'
    ? { width: length, height: breadth }
    : { width: breadth, height: length };
}

/** Longest path from the sources. Edges that would close a cycle are left out. */
function layer(nodes: LayoutNode[], edges: LayoutEdge[]): LayoutNode[][] {
  const out = new Map<string, string[]>();
  const open = new Map<string, number>(nodes.map((node) => [node.id, 0]));
  for (const edge of edges) {
    if (edge.source === edge.target) continue;
    const targets = out.get(edge.source);
    if (targets) targets.push(edge.target);
    else out.set(edge.source, [edge.target]);
    open.set(edge.target, (open.get(edge.target) ?? 0) + 1);
  }
  const depth = new Map<string, number>();
  const queue = nodes.filter((node) => open.get(node.id) === 0).map((node) => node.id);
  const rest = new Set(nodes.map((node) => node.id));
  while (rest.size > 0) {
    if (queue.length === 0) queue.push(rest.values().next().value!);
    const id = queue.shift()!;
    if (!rest.delete(id)) continue;
    const here = depth.get(id) ?? 0;
    depth.set(id, here);
    for (const target of out.get(id) ?? []) {
      if (!rest.has(target)) continue;
      depth.set(target, Math.max(depth.get(target) ?? 0, here + 1));
      const left = open.get(target)! - 1;
      open.set(target, left);
      if (left === 0) queue.push(target);
    }
  }
  const layers: LayoutNode[][] = [];
  for (const node of nodes) {
    const at = depth.get(node.id)!;
    layers[at] ??= [];
    layers[at].push(node);
  }
  return layers.filter(Boolean);
}

function order(layers: LayoutNode[][], edges: LayoutEdge[]): LayoutNode[][] {
  const before = new Map<string, string[]>();
  for (const edge of edges) {
    const sources = before.get(edge.target);
    if (sources) sources.push(edge.source);
    else before.set(edge.target, [edge.source]);
  }
  const place = new Map<string, number>();
  return layers.map((members) => {
    const weight = new Map(
      members.map((node, index) => {
        const known = (before.get(node.id) ?? []).filter((id) => place.has(id));
        const sum = known.reduce((total, id) => total + place.get(id)!, 0);
        return [node.id, known.length > 0 ? sum / known.length : index / members.length];
      }),
    );
    const sorted = [...members].sort((a, b) => weight.get(a.id)! - weight.get(b.id)!);
    for (const [index, node] of sorted.entries()) {
      place.set(node.id, (index + 0.5) / sorted.length);
    }
    return sorted;
  });
}
