import { orphansExpired } from "../world/convergence.ts";
import type { World } from "../world/world.ts";

/** What a cluster may be in the middle of when a fault strikes. */
export const phases = [
  "no leader",
  "candidate",
  "leader before its first commit",
  "steady",
  "catch-up",
  "snapshot on its way",
  "snapshot half installed",
  "expiry pending",
  "hand-over",
] as const;

export type Phase = (typeof phases)[number];

const farBehind = 8;

/** What the cluster is in the middle of; never empty. */
export function phasesOf(world: World): Phase[] {
  const found: Phase[] = [];
  const open = world.sound.filter(({ view }) => view.isOpen);
  const { leader } = world;
  if (leader === null) found.push("no leader");
  else if (!leader.view.soft.established) found.push("leader before its first commit");
  if (open.some(({ view }) => view.soft.role === "candidate" || view.soft.role === "precandidate"))
    found.push("candidate");
  const lastIndex = leader?.view.log.lastIndex ?? 0;
  if (leader !== null && open.some(({ view }) => lastIndex - view.log.lastIndex > farBehind))
    found.push("catch-up");
  if (world.moments.isRecent("snapshot/sent")) found.push("snapshot on its way");
  if (open.some(({ view }) => view.isInstalling)) found.push("snapshot half installed");
  if (world.moments.isRecent("handover")) found.push("hand-over");
  if (orphansExpired(world).length > 0) found.push("expiry pending");
  if (found.length === 0) found.push("steady");
  return found;
}
