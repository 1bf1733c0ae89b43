import type { Direction, Point } from './layout/types';

const radius = 8;

/** A path along corners, each rounded as far as its neighbours leave room. */
export function roundedPath(points: readonly Point[]): string {
  const first = points[0];
  if (!first) return '';
  let path = `M ${first.x} ${first.y}`;
  for (let index = 1; index < points.length - 1; index += 1) {
    const [before, corner, after] = [points[index - 1]!, points[index]!, points[index + 1]!];
    const reach = Math.min(radius, distance(before, corner) / 2, distance(corner, after) / 2);
    const from = towards(corner, before, reach);
    const to = towards(corner, after, reach);
    path += ` L ${from.x} ${from.y} Q ${corner.x} ${corner.y} ${to.x} ${to.y}`;
  }
  const last = points.at(-1)!;
  return `${path} L ${last.x} ${last.y}`;
}

/** The tip of an edge, pointing the way the graph flows. */
export function arrowPath({ x, y }: Point, direction: Direction): string {
  return direction === 'RIGHT' ? `M ${x} ${y} l -7 -3.5 v 7 z` : `M ${x} ${y} l -3.5 -7 h 7 z`;
}

const distance = (a: Point, b: Point) => Math.hypot(a.x - b.x, a.y - b.y);

function towards(from: Point, to: Point, length: number): Point {
  const whole = distance(from, to) || 1;
  return {
    x: from.x + ((to.x - from.x) * length) / whole,
    y: from.y + ((to.y - from.y) * length) / whole,
  };
}
