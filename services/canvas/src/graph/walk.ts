import type { GraphEdge } from './document';
import type { Box, Direction } from './layout/types';

export type WalkKey = 'ArrowRight' | 'ArrowLeft' | 'ArrowUp' | 'ArrowDown';

/**
 * The node an arrow key leads to: along the edges in the direction of flow and against it, to the
 * nearest neighbour across. `boxes` are absolute.
 */
export function walk(
  from: string,
  key: WalkKey,
  boxes: ReadonlyMap<string, Box>,
  edges: readonly GraphEdge[],
  direction: Direction,
): string | undefined {
  const here = boxes.get(from);
  if (!here) return undefined;
  const [forward, back]: WalkKey[] =
    direction === 'RIGHT' ? ['ArrowRight', 'ArrowLeft'] : ['ArrowDown', 'ArrowUp'];
  const centre = middle(here);
  const nearest = (ids: string[]) => {
    let best: string | undefined;
    let bestDistance = Number.POSITIVE_INFINITY;
    for (const id of ids) {
      const box = boxes.get(id);
      if (!box || id === from) continue;
      const other = middle(box);
      const distance = Math.hypot(other.x - centre.x, other.y - centre.y);
      if (distance < bestDistance) {
        best = id;
        bestDistance = distance;
      }
    }
    return best;
  };
  if (key === forward)
    return nearest(edges.filter((edge) => edge.source === from).map((edge) => edge.target));
  if (key === back)
    return nearest(edges.filter((edge) => edge.target === from).map((edge) => edge.source));
  const sign = key === 'ArrowDown' || key === 'ArrowRight' ? 1 : -1;
  const across = direction === 'RIGHT' ? 'y' : 'x';
  const along = direction === 'RIGHT' ? 'x' : 'y';
  return nearest(
    [...boxes].flatMap(([id, box]) => {
      const other = middle(box);
      const ahead = (other[across] - centre[across]) * sign > 1;
      return ahead && Math.abs(other[along] - centre[along]) < here.width ? [id] : [];
    }),
  );
}

const middle = (box: Box) => ({ x: box.x + box.width / 2, y: box.y + box.height / 2 });
