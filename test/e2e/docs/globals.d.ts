import type { CoordNode, Instance } from "@flotilla/coord";

// What code blocks of the documentation take from the app around them.
declare global {
  function report(run: { epoch: number; signal: AbortSignal }): Promise<void>;
  const balancer: { update(instances: readonly Instance[]): void };
  const node: CoordNode;
}
