export type Direction = 'RIGHT' | 'DOWN';

export interface LayoutNode {
  id: string;
  parent: string | undefined;
  width: number;
  height: number;
}

export interface LayoutEdge {
  id: string;
  source: string;
  target: string;
}

/** Position relative to the parent, size as laid out (containers grow around their children). */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

export interface Layout {
  boxes: Map<string, Box>;
  /** Corners of each edge in the graph's own coordinates; without them edges are curves. */
  routes: Map<string, Point[]>;
}

/** Room inside a container: the title above, air around. */
export const containerPadding = { top: 44, side: 18, bottom: 18 };
export const layerGap = 56;
export const nodeGap = 24;
