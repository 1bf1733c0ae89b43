import { layeredLayout } from './layered';
import type { Direction, LayoutEdge, LayoutNode } from './types';

/** A graph that fits at this zoom reads well enough from left to right. */
const enough = 0.8;

/** The direction in which the whole graph is largest on screen; left to right when in doubt. */
export function chooseDirection(
  nodes: readonly LayoutNode[],
  edges: readonly LayoutEdge[],
  room: { width: number; height: number },
): Direction {
  const zoom = (direction: Direction) => {
    let width = 1;
    let height = 1;
    const parents = new Map(nodes.map((node) => [node.id, node.parent]));
    for (const [id, box] of layeredLayout(nodes, edges, direction).boxes) {
      // Children lie inside their parents, so the outermost boxes have the whole extent.
      if (parents.get(id) !== undefined) continue;
      width = Math.max(width, box.x + box.width);
      height = Math.max(height, box.y + box.height);
    }
    return Math.min(room.width / width, room.height / height);
  };
  const right = zoom('RIGHT');
  return right >= enough || right >= zoom('DOWN') * 0.85 ? 'RIGHT' : 'DOWN';
}
