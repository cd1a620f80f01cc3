import type { KeyedRandom } from "@flotilla/runtime/sim";
import { between, pick } from "./draw.ts";
import type { ClientPlan, Fault, FaultKind, WorldConfig } from "./plan.ts";

const kinds: readonly FaultKind[] = ["client-cut", "client-cut", "pause", "stall"];
const lastMs = 12_000;

/**
 * In every world clients are cut off or stopped for about as long as their leases last, mostly while they hold something:
 * some come back with a lease that has lapsed and a session that stands, others once somebody else was granted.
 */
export function withLeaseFaults(
  random: KeyedRandom,
  faults: readonly Fault[],
  clients: readonly ClientPlan[],
  config: WorldConfig,
): readonly Fault[] {
  const count = between(random, 3, 6);
  const more = Array.from({ length: count }, (_, at): Fault => {
    const index = random.below(clients.length);
    const ttlMs = clients[index]?.ttlMs ?? 1000;
    const share = pick(random, [between(random, 70, 105), between(random, 105, 250)]) / 100;
    return {
      atMs: between(random, 4000, config.loadMs - lastMs),
      kind: pick(random, kinds),
      target: `${random.chance(0.6) ? "holder" : "client"}#${index}`,
      durMs: Math.round(ttlMs * share),
      args: { key: `l${at}`, from: "all" },
    };
  });
  return [...faults, ...more].toSorted((a, b) => a.atMs - b.atMs);
}

/**
 * In a part of all worlds the clocks of clients run slow by far more than leases allow for. Leaders' clocks do not: when
 * those run off, the log itself keeps its promises only without lease reads.
 */
export function withDriftBeyond(
  random: KeyedRandom,
  faults: readonly Fault[],
  clients: readonly ClientPlan[],
  { loadMs }: WorldConfig,
): readonly Fault[] {
  if (!random.chance(1 / 8)) return faults;
  const alone = clients.flatMap(({ embeddedIn }, index) => (embeddedIn === null ? [index] : []));
  const more = Array.from({ length: between(random, 2, 4) }, (_, at): Fault => ({
    atMs: between(random, 2000, loadMs - lastMs),
    kind: "client-drift",
    target: `client#${pick(random, alone)}`,
    durMs: between(random, 8000, 25_000),
    args: { key: `b${at}`, by: between(random, 10, 80) / 100 },
  }));
  return [...faults, ...more].toSorted((a, b) => a.atMs - b.atMs);
}
