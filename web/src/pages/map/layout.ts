import { layout as dagre, Graph } from "@dagrejs/dagre";
import type { Graph as Answer, Edge } from "../../api/looking";

export type GraphNode = Answer["nodes"][number];

export interface Placed {
  width: number;
  height: number;
  nodes: (GraphNode & { x: number; y: number })[];
  edges: (Edge & { points: { x: number; y: number }[] })[];
}

export const nodeWidth = 176;
export const nodeHeight = 54;

/**
 * place lays the graph out from callers on the left to what is called on the right,
 * or from the top down, for a screen that is narrow.
 */
export function place(nodes: GraphNode[], edges: Edge[], down = false): Placed {
  const g = new Graph({ multigraph: true });
  g.setGraph({ rankdir: down ? "TB" : "LR", nodesep: 26, ranksep: down ? 44 : 60, marginx: 24, marginy: 24 });
  g.setDefaultEdgeLabel(() => ({}));
  // Services may be called anything, also what the library takes for something else.
  const ids = new Map<string, string>();
  nodes.forEach((n, i) => {
    if (!ids.has(n.service)) ids.set(n.service, `n${i}`);
  });
  for (const id of ids.values()) g.setNode(id, { width: nodeWidth, height: nodeHeight });
  const id = (service: string) => ids.get(service)!;
  // A service that calls itself has its own mark; an arrow to itself says less.
  const drawn = edges.filter((e) => e.from !== e.to && ids.has(e.from) && ids.has(e.to));
  for (const e of drawn)
    g.setEdge(id(e.from), id(e.to), { width: 124, height: 16, labelpos: "c", weight: 1, minlen: 1 }, e.kind);
  dagre(g);
  const { width = 0, height = 0 } = g.graph() as { width?: number; height?: number };
  return {
    width,
    height,
    nodes: nodes
      .filter((n, i) => id(n.service) === `n${i}`)
      .map((n) => {
        const { x, y } = g.node(id(n.service)) as { x: number; y: number };
        return { ...n, x, y };
      }),
    edges: drawn.map((e) => {
      const { points } = g.edge(id(e.from), id(e.to), e.kind) as { points: Point[] };
      return { ...e, points: down ? points : docked(points, g.node(id(e.from)) as Point, g.node(id(e.to)) as Point) };
    }),
  };
}

interface Point {
  x: number;
  y: number;
}

/**
 * docked lets an edge leave a node in the middle of its right side and reach the
 * other at its left, unless it leads back.
 */
function docked(points: Point[], from: Point, to: Point): Point[] {
  if (to.x - from.x < nodeWidth) return points;
  const [out, into] = [from.x + nodeWidth / 2, to.x - nodeWidth / 2];
  return [
    { x: out, y: from.y },
    { x: out + 26, y: from.y },
    ...points.slice(1, -1),
    { x: into - 26, y: to.y },
    { x: into, y: to.y },
  ];
}

/** curve is an SVG path through points, round at the corners. */
export function curve(points: { x: number; y: number }[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let out = `M${first.x},${first.y}`;
  for (let i = 0; i < rest.length; i++) {
    const p = rest[i]!;
    const next = rest[i + 1];
    if (!next) out += `L${p.x},${p.y}`;
    else out += `Q${p.x},${p.y} ${(p.x + next.x) / 2},${(p.y + next.y) / 2}`;
  }
  return out;
}
