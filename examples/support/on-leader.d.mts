import type { CoordNode, Leadership, Session } from "@flotilla/coord";

export function onLeader(
  node: CoordNode,
  name: string,
  job: (leadership: Leadership, session: Session) => Promise<void>,
  signal: AbortSignal,
): Promise<void>;
