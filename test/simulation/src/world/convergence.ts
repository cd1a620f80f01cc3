import { isJoint, membersOf } from "@flotilla/raft";
import { openSessions } from "./open-sessions.ts";
import type { World } from "./world.ts";

const pollMs = 100;

/** What is not yet as it must be; empty when all is well. */
export type Shortfall = () => readonly string[];

/** Lets the world happen until nothing is short, or the time is over; returns what still is. */
export async function settleWithin(
  world: World,
  withinMs: number,
  shortfall: Shortfall,
): Promise<readonly string[]> {
  const untilMs = world.kernel.nowMs + withinMs;
  for (;;) {
    const missing = shortfall();
    if (missing.length === 0 || world.findings.isBroken() || world.kernel.nowMs >= untilMs) return missing;
    await world.kernel.run({ untilMs: world.kernel.nowMs + pollMs, until: () => world.findings.isBroken() });
  }
}

/** One leader that everybody sound follows. */
export function leadership(world: World): string[] {
  const up = world.sound.filter(({ state }) => state === "up");
  const missing = world.sound
    .filter(({ state }) => state !== "up")
    .map(({ id, state }) => `${id} is ${state}`);
  const { leader } = world;
  if (leader === null || !leader.view.soft.established) return [...missing, "nobody leads"];
  for (const { id, view } of up) {
    const { soft } = view;
    if (soft.term !== leader.view.soft.term || soft.leader !== leader.id)
      missing.push(`${id} does not follow ${leader.id}`);
  }
  return missing;
}

/** Everybody sound is a member by the data it has, and nobody else is; what was begun is through. */
export function memberships(world: World): string[] {
  const status = world.leader?.raft?.status();
  if (status === undefined) return ["nobody leads"];
  const { configuration, configurationCommitted } = status;
  if (!configurationCommitted || isJoint(configuration)) return ["a configuration is not through"];
  const members = new Map(membersOf(configuration).map(({ id, incarnation }) => [id, incarnation]));
  const strangers = world.sound
    .filter(({ id, view }) => members.get(id) !== view.incarnation)
    .map(({ id }) => `${id} is no member and was not told`);
  const missing = world.servers
    .filter(({ id, isOut }) => isOut && members.has(id))
    .map(({ id, state }) => `${id} is a member and ${state}`);
  return [...world.churn.unmet, ...strangers, ...missing];
}

/** Everybody sound applied everything and holds the same state. */
export function sameState(world: World): string[] {
  const states = world.sound.map(({ id, node }) => ({ id, status: node?.status() }));
  const [first] = states;
  if (first?.status === undefined) return ["nobody is up"];
  const { applied, lastIndex, digest } = first.status;
  const differing = states.filter(
    ({ status }) =>
      status === undefined ||
      status.applied !== lastIndex ||
      status.applied !== applied ||
      status.digest !== digest,
  );
  return differing.map(
    ({ id, status }) =>
      `${id} is at ${status?.applied ?? "nothing"} with ${status?.digest ?? "nothing"}, ${first.id} at ${applied} of ${lastIndex} with ${digest}`,
  );
}

/** Every client that still runs was served since the given moment. */
export function clientsServed(world: World, sinceMs: number): string[] {
  const missing: string[] = [];
  for (const client of world.clients) {
    const { actor } = client;
    if (client.isDead || actor === null || isStranded(world, client.plan.embeddedIn)) continue;
    const served = [...actor.coords].some(({ session }) =>
      world.ledger.writes
        .get(session.id)
        ?.some((write) => write.outcome === "ok" && (write.completedMs ?? 0) > sinceMs),
    );
    if (!served) missing.push(`${client.id} was not served`);
  }
  for (const { id, node } of world.sound) {
    const users = node?.users ?? null;
    if (users !== null && users.servedMs <= sinceMs) missing.push(`a user at ${id} was not served`);
  }
  return missing;
}

/** The leases of clients that died without a word are over. */
export function orphansExpired({ ledger, golden }: World): string[] {
  const { orphans } = ledger;
  if (orphans.size === 0) return [];
  const open = openSessions(golden.commands);
  return [...orphans].filter((id) => open.has(id)).map((id) => `the lease of dead session ${id} stands`);
}

/** Clients in a member that is gone for good cannot be served. */
export function isStranded(world: World, embeddedIn: number | null): boolean {
  return embeddedIn !== null && world.servers[embeddedIn]?.isLost === true;
}
