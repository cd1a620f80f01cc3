import type { CoordNode, CronOptions, CronRun, Leadership, Session } from "@flotilla/coord";

export type Job<Given> = (given: Given, session: Session) => Promise<void>;

export function onLeader(
  node: CoordNode,
  name: string,
  job: Job<Leadership>,
  signal: AbortSignal,
): Promise<void>;

export function onTick(
  node: CoordNode,
  options: CronOptions & { readonly name: string },
  job: Job<CronRun>,
  signal: AbortSignal,
): Promise<void>;
