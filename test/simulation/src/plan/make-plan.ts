import type { KeyedRandom } from "@flotilla/runtime/sim";
import { keyedRandom } from "@flotilla/runtime/sim";
import { between, pick, shuffled } from "./draw.ts";
import { withInstallFaults } from "./install-faults.ts";
import { withDriftBeyond, withLeaseFaults } from "./lease-faults.ts";
import { makeFault, makeMemberChange } from "./make-fault.ts";
import { makeLimits } from "./make-limits.ts";
import type { ClientPlan, Fault, FaultKind, Plan, WorldConfig } from "./plan.ts";
import { faultKinds, outerMoments, recipeNames } from "./plan.ts";

const damageKinds: readonly FaultKind[] = ["bit-rot", "lost-data"];
/** Drawn apart from the others. */
const apartKinds: readonly FaultKind[] = [...damageKinds, "members", "client-drift"];
const leastPlayedTtlMs = 1200;
/** Above what a write waits for behind all that links of little room hold up, ms. */
const leastCrowdedTtlMs = 1500;
/** Worlds whose members change. */
const churnShare = 1 / 3;
/** About what the load of a world comes to, in entries. */
const mostLoadPerSecond = 50;
/** Two entries hardly fit into fewer. */
const twoEntriesBytes = 61;
/** What comes in while a snapshot is sent. */
const catchUpBytes = 4096;

/** The world of a seed: a cluster, its clients and what befalls them. */
export function makePlan(seed: number): Plan {
  const random = keyedRandom(seed, "plan");
  const nodes = pick(random.fork("nodes"), [3, 3, 3, 4, 5]);
  const config = withLogToCatchUpFrom(makeConfig(random.fork("config")));
  const clients = withTimeToAttach(makeClients(random.fork("clients"), nodes), config);
  const installing = withInstallFaults(
    random.fork("install-faults"),
    makeFaults(random.fork("faults"), nodes, clients, config),
    config,
    { nodes, clients: clients.length },
  );
  const faults = withDriftBeyond(
    random.fork("drift-beyond"),
    withLeaseFaults(random.fork("lapses"), installing, clients, config),
    clients,
    config,
  );
  return {
    format: 1,
    seed,
    nodes,
    clients,
    config,
    faults: withChurn(
      random.fork("members"),
      withLeaseFault(random.fork("lease-fault"), faults, config),
      config,
    ),
  };
}

function makeConfig(random: KeyedRandom): WorldConfig {
  const heartbeatMs = pick(random, [50, 100, 100, 100]);
  return {
    loadMs: between(random, 60, 75) * 1000,
    minOps: 550,
    thinkMs: between(random, 400, 900),
    memberTtlMs: between(random, 10, 30) * 100,
    snapshotEntries: pick(random, [30, 40, 60, 100, 150, 200]),
    trailingEntries: pick(random, [0, 2, 5, 10, 20]),
    heartbeatMs,
    electionTimeoutMs: heartbeatMs * pick(random, [5, 10, 10]),
    secret: random.chance(0.5),
    latency: pick(random, [
      { minMs: 0.15, meanMs: 0.5 },
      { minMs: 0.5, meanMs: 3 },
      { minMs: 1, meanMs: 15 },
    ]),
    limits: makeLimits(random.fork("limits")),
    applyMs: pick(random.fork("apply"), [0, 0, 0, 2, 10]),
    logReadMs: pick(random.fork("reads"), [300, 1000, 2500]),
    ending: random.fork("ending").chance(0.25) ? "poison" : "close",
    snapshotChunkBytes: pick(random.fork("chunks"), [256, 1024, 4096, 262_144]),
    trailingBytes: pick(random.fork("trailing"), [0, 4096, 16_384, 1 << 28]),
    leaseSwitchesMs: makeLeaseSwitches(random.fork("leases")),
  };
}

/**
 * Links that carry hardly more than the load bring a learner to the end of the log only if the log still begins
 * before the snapshot that it gets: what comes in meanwhile is more than what one snapshot stands for.
 */
function withLogToCatchUpFrom(config: WorldConfig): WorldConfig {
  if (!carriesLittle(config)) return config;
  return { ...config, trailingBytes: Math.max(config.trailingBytes, catchUpBytes) };
}

/**
 * Nor is a session ever of use whose opening takes longer than its TTL, behind as many entries as such links hold up:
 * whoever opens one after the other adds to those.
 */
function withTimeToAttach(clients: readonly ClientPlan[], config: WorldConfig): readonly ClientPlan[] {
  if (!carriesLittle(config)) return clients;
  return clients.map((client) => ({ ...client, ttlMs: Math.max(client.ttlMs, leastCrowdedTtlMs) }));
}

function carriesLittle({ latency, limits }: WorldConfig): boolean {
  const { inflightMessages = Number.POSITIVE_INFINITY } = limits;
  const carriedPerSecond = (1000 / (2 * latency.meanMs)) * inflightMessages;
  return sendsSingly(limits) && carriedPerSecond <= 2 * mostLoadPerSecond;
}

/** True when a message holds one entry. */
function sendsSingly({ maxBatchEntries, maxBatchBytes }: WorldConfig["limits"]): boolean {
  return maxBatchEntries === 1 || (maxBatchBytes ?? twoEntriesBytes) < twoEntriesBytes;
}

/** A quarter of all worlds have lease reads on from early on; in a quarter of those they are off for a while. */
function makeLeaseSwitches(random: KeyedRandom): number[] {
  if (!random.chance(0.25)) return [];
  const onMs = between(random, 1000, 6000);
  if (!random.chance(0.25)) return [onMs];
  const offMs = onMs + between(random, 5000, 25_000);
  return [onMs, offMs, offMs + between(random, 200, 10_000)];
}

function makeClients(random: KeyedRandom, nodes: number): ClientPlan[] {
  const count = between(random, 3, 6);
  const embedded = between(random, 0, 2);
  const recipes = shuffled(random.fork("recipes"), recipeNames).slice(
    0,
    between(random.fork("recipes at once"), 1, 2),
  );
  const clients = Array.from({ length: count }, (_, index): ClientPlan => {
    const isEmbedded = index < Math.min(embedded, count - 2);
    const plays = recipes.filter((name) => random.fork(`${name} ${index}`).chance(0.5));
    const sometimes = (what: string, share: number): boolean =>
      random.fork(`${what} ${index}`).chance(share) && plays.length === 0;
    return {
      // What is handed over at each lapse would keep a slow cluster busy with nothing else.
      ttlMs: Math.max(between(random, 5, 30) * 100, plays.length > 0 ? leastPlayedTtlMs : 0),
      embeddedIn: isEmbedded ? index % nodes : null,
      lanes: between(random, 1, 3),
      watches: between(random, 0, 3),
      elects: random.chance(0.75) || index === 0,
      registers: random.chance(0.4) || index === 1,
      leases: sometimes("leases", 0.2),
      locks: random.fork(`locks ${index}`).chance(0.4),
      counts: sometimes("counts", 0.3),
      lists: sometimes("lists", 0.2),
      recalls: sometimes("recalls", 0.2),
      plays,
      diesAtEnd: !isEmbedded && index === count - 1,
    };
  });
  return clients;
}

function makeFaults(
  random: KeyedRandom,
  nodes: number,
  clients: readonly ClientPlan[],
  config: WorldConfig,
): Fault[] {
  const ordinary = faultKinds.filter((kind) => !apartKinds.includes(kind));
  const swarm = shuffled(random, ordinary).slice(0, between(random, 7, 12));
  const count = between(random, 10, 16);
  const kinds = Array.from({ length: count }, (_, index) => swarm[index % swarm.length] ?? "crash");
  const damages = nodes === 5 ? between(random, 1, 2) : 1;
  for (let k = 0; k < damages; k += 1) kinds.push(pick(random, damageKinds));
  return shuffled(random, kinds)
    .map((kind, index) => {
      const own = random.fork(`${kind}/${index}`);
      const atMs = 3000 + own.below(config.loadMs - 6000);
      return atMoment(own, makeFault(own, kind, atMs, { nodes, clients: clients.length, key: index }));
    })
    .toSorted((a, b) => a.atMs - b.atMs);
}

/** A leader that is replaced while it is stopped goes on with a lease that is over: each world with leases tries it. */
function withLeaseFault(
  random: KeyedRandom,
  faults: readonly Fault[],
  { loadMs, leaseSwitchesMs = [] }: WorldConfig,
): readonly Fault[] {
  const [onMs] = leaseSwitchesMs;
  if (onMs === undefined) return faults;
  const atMs = between(random, onMs + 1000, loadMs - 12_000);
  const durMs = between(random, 2500, 9000);
  const args = { key: faults.length, pauseShare: between(random, 30, 70) / 100 };
  const fault: Fault = { atMs, kind: "isolate-and-pause", target: "leader", durMs, args };
  return [...faults, fault].toSorted((a, b) => a.atMs - b.atMs);
}

/**
 * In some worlds members change. Data is not damaged there as well: how much of it may be lost would depend on
 * which change is through.
 */
function withChurn(random: KeyedRandom, faults: readonly Fault[], config: WorldConfig): readonly Fault[] {
  if (!random.chance(churnShare)) return faults;
  const count = between(random, 4, 7);
  const changes = Array.from({ length: count }, (_, index): Fault => {
    const atMs = Math.round(3000 + ((index + random.float()) * (config.loadMs - 8000)) / count);
    return makeMemberChange(random, atMs, index);
  });
  const others = faults.filter(({ kind }) => !damageKinds.includes(kind));
  return [...others, ...changes].toSorted((a, b) => a.atMs - b.atMs);
}

/** What hurts most at one instant and hardly at another. */
const sharp: ReadonlySet<FaultKind> = new Set([
  "crash",
  "crash-leader",
  "crash-all",
  "pause",
  "stall",
  "isolate-one",
  "isolate-leader",
  "halves",
  "one-way",
  "half-open",
  "reset",
  "stuck-disk",
  "failing-disk",
  "full-disk",
]);

/** Some faults wait for a moment, and then mostly strike where it comes. */
function atMoment(random: KeyedRandom, fault: Fault): Fault {
  if (!sharp.has(fault.kind) || random.chance(0.6)) return fault;
  const when = { moment: pick(random, outerMoments), hit: between(random, 1, 6) };
  const strikesMember = !fault.target.startsWith("client#") && fault.target !== "all";
  return { ...fault, when, target: strikesMember && random.chance(0.75) ? "here" : fault.target };
}
