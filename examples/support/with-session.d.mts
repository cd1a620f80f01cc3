import type { Coord, CoordNode } from "@flotilla/coord";

export function withSession(
  node: Pick<CoordNode, "connect">,
  work: (coord: Coord) => Promise<void>,
  signal: AbortSignal,
): Promise<void>;
