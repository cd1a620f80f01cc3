import type { KeyedRandom, SimNode } from "@flotilla/runtime/sim";
import type { Client } from "../actors/client.ts";
import { pick, shuffled } from "../plan/draw.ts";
import type { Server } from "../world/server.ts";
import type { World } from "../world/world.ts";

/** A machine that a fault may strike, with whoever lives there. */
export interface Struck {
  readonly machine: SimNode;
  readonly server: Server | null;
  readonly client: Client | null;
}

/** The member a symbol stands for now; null when there is none. */
export function resolveServer(world: World, target: string, random: KeyedRandom): Server | null {
  const living = world.sound.filter((server) => server.machine.isRunning);
  if (target.startsWith("node#")) {
    const server = world.servers[Number(target.slice(5))];
    return server !== undefined && living.includes(server) ? server : null;
  }
  const { leader } = world;
  if (target === "leader") return leader;
  const pool = target === "follower" ? living.filter((server) => server !== leader) : living;
  return pool.length === 0 ? null : pick(random, pool);
}

/** The client when it believes to hold something now. */
function holder(world: World, index: number): Client | undefined {
  const client = world.clients[index];
  const clock = client?.actor?.clock;
  return clock !== undefined && world.beliefs.isHolding(clock) ? client : undefined;
}

/** The machine a symbol stands for now. A client without a machine of its own stands for its member. */
export function resolve(world: World, target: string, random: KeyedRandom): Struck | null {
  if (target.startsWith("client#") || target.startsWith("holder#")) {
    const index = Number(target.slice(7));
    const client = target.startsWith("holder#") ? holder(world, index) : world.clients[index];
    if (client?.machine !== null && client?.machine !== undefined) {
      return client.machine.isRunning ? { machine: client.machine, server: null, client } : null;
    }
    return client === undefined ? null : resolve(world, `node#${client.plan.embeddedIn ?? 0}`, random);
  }
  const server = resolveServer(world, target, random);
  return server === null ? null : { machine: server.machine, server, client: null };
}

/** More than half of the members, the leader among them when there is one; and the others. */
export function halves(world: World, random: KeyedRandom): readonly [readonly string[], readonly string[]] {
  const { leader, present } = world;
  const size = Math.floor(present.length / 2) + 1;
  const others = shuffled(
    random,
    present.filter((server) => server !== leader).map(({ id }) => id),
  );
  const ids = leader === null || random.chance(0.5) ? others : [leader.id, ...others];
  const all = leader === null || ids.includes(leader.id) ? ids : [...ids, leader.id];
  return [all.slice(0, size), all.slice(size)];
}
