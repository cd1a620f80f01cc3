import { keyedRandom } from "@flotilla/runtime/sim";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { ClientKind, DiskMode, Fault, FaultKind, Plan, WorkloadName } from "./plan.ts";
import { byTime } from "./plan.ts";

export interface PlanOptions {
  readonly name: string;
  readonly seed: number;
  readonly nodes: number;
  readonly workload: WorkloadName;
  /** Drawn from, each again and again. */
  readonly kinds: readonly FaultKind[];
  readonly loadMs: number;
  /** Default `thin`. */
  readonly clientKind?: ClientKind;
  /** Requests that each session keeps in flight. Default 4. */
  readonly lanes?: number;
  /** TTL of sessions. Default 3,000. */
  readonly sessionTtlMs?: number;
  /** Mean time from one fault to the next. Default 2,000. */
  readonly gapMs?: number;
}

/** What all plans share unless they say otherwise. */
export const usualLoad = {
  clients: 6,
  clientKind: "thin",
  lanes: 4,
  sessionTtlMs: 3_000,
  thinkMs: 8,
} as const;

const meanGapMs = 2_000;
const quietStartMs = 1_000;
/** Before the load ends, so that it is seen to go on. */
const quietEndMs = 1_500;

/** Draws a plan from its seed: the same options give the same plan. */
export function makePlan(options: PlanOptions): Plan {
  const { name, seed, nodes, workload, loadMs, clientKind = usualLoad.clientKind } = options;
  const random = keyedRandom(seed, "jepsen-plan");
  const diskMode = drawDiskMode(options.kinds, random);
  const kinds = options.kinds.filter((kind) => kind !== (isSlow(diskMode) ? "failing-disk" : "slow-disk"));
  const { gapMs = meanGapMs } = options;
  const faults: Fault[] = [];
  if (kinds.length > 0)
    for (let atMs = quietStartMs; atMs < loadMs - quietEndMs; atMs += gapMs / 2 + random.below(gapMs))
      faults.push(makeFault(pick(random, kinds), atMs, random));
  return {
    format: 1,
    name,
    seed,
    nodes,
    spares: faults.filter(({ args }) => args["how"] === "add" || args["how"] === "swap").length,
    workload,
    ...usualLoad,
    clientKind,
    lanes: options.lanes ?? usualLoad.lanes,
    sessionTtlMs: options.sessionTtlMs ?? usualLoad.sessionTtlMs,
    loadMs,
    diskMode,
    faults: byTime(faults),
  };
}

function makeFault(kind: FaultKind, atMs: number, random: KeyedRandom): Fault {
  const isLong = random.chance(0.3);
  const durMs = isLong ? 3_000 + random.below(2_500) : 200 + random.below(1_800);
  // Longer than a session may believe in itself, and about as long as it lives.
  const isNearTtl = kind === "client-cut" && random.chance(0.4);
  const nearTtlMs = Math.floor(usualLoad.sessionTtlMs * (0.75 + 0.3 * random.float()));
  const leads = kind === "half-open" && random.chance(0.5);
  const drawn = leads ? "leader" : pick(random, ["leader", "follower", "any"]);
  const strikesAll = kind === "clock-drift" || (kind === "slow-disk" && random.chance(0.4));
  const target = strikesAll ? "all" : drawn;
  const args = {
    key: random.u32(),
    deaf: random.chance(0.5),
    clients: random.chance(0.4),
    delayMs: 20 + random.below(400),
    bytesPerSecond: 5_000 + random.below(100_000),
    midFrame: random.chance(0.5),
    periodMs: 100 + random.below(900),
    byMs: pick(random, [-7_200_000, 7_200_000, -5_000, 5_000, 200]),
    wide: random.chance(0.6),
    pauseShare: (30 + random.below(40)) / 100,
    ...(kind === "members" ? { how: pick(random, ["add", "remove", "swap", "swap", "demote"]) } : {}),
  };
  return { atMs, kind, target, durMs: isNearTtl ? nearTtlMs : durMs, args };
}

/** A plan has slow disks or failing ones. */
function drawDiskMode(kinds: readonly FaultKind[], random: KeyedRandom): DiskMode {
  const failing: readonly DiskMode[] = ["sync-once", "sync-forever", "write-eio", "write-full"];
  const mode = pick(random, failing);
  const slows = random.chance(0.3) || !kinds.includes("failing-disk");
  return slows && (kinds.includes("slow-disk") || !kinds.includes("failing-disk")) ? "sync-slow" : mode;
}

function isSlow(mode: DiskMode): boolean {
  return mode === "sync-slow";
}

/** One of a list that is not empty. */
export function pick<T>(random: KeyedRandom, items: readonly T[]): T {
  const item = items[random.below(items.length)];
  if (item === undefined) throw new RangeError("nothing to pick from");
  return item;
}
