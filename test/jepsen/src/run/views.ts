import type { NodeStatus } from "@flotilla/coord/client";
import { nodeStatus } from "@flotilla/coord/client";
import { silentLogger } from "@flotilla/runtime";
import type { Cluster } from "../processes/cluster.ts";

const askMs = 1_000;

/** What each running member says of itself; who does not answer in time is left out. */
export async function viewsOf(cluster: Cluster): Promise<NodeStatus[]> {
  const running = cluster.places.filter(({ id }) => cluster.member(id).isRunning);
  const answers = await Promise.all(
    running.map(({ address }) =>
      nodeStatus({ endpoints: [address], connectTimeoutMs: askMs, logger: silentLogger }).catch(() => null),
    ),
  );
  return answers.filter((view) => view !== null);
}

/** The member that leads in the highest term, in its own eyes; null when none does. */
export function leaderIn(views: readonly NodeStatus[]): string | null {
  const leaders = views.filter(({ role }) => role === "leader");
  return leaders.toSorted((a, b) => b.term - a.term)[0]?.id ?? null;
}

/** All members have applied the same, have the same tree, and follow one leader. */
export function haveConverged(views: readonly NodeStatus[], members: number): boolean {
  const states = new Set(
    views.map(({ term, leader, applied, revision, digest }) =>
      JSON.stringify([term, leader, applied, revision, digest]),
    ),
  );
  return views.length === members && states.size === 1 && leaderIn(views) !== null;
}
