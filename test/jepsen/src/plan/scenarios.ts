import { usualLoad } from "./make-plan.ts";
import type { ClientKind, DiskMode, Fault, FaultKind, Plan } from "./plan.ts";
import { byTime } from "./plan.ts";

/** Clients go on for so long after the last fault is over. */
const quietEndMs = 1_500;

interface Script {
  readonly name: string;
  readonly nodes?: number;
  readonly diskMode?: DiskMode;
  /** Default `thin`. */
  readonly clientKind?: ClientKind;
  readonly faults: readonly Fault[];
}

type Arguments = Fault["args"];

function at(atMs: number, kind: FaultKind, target: string, durMs: number, args: Arguments = {}): Fault {
  return { atMs, kind, target, durMs, args };
}

const scripts: readonly Script[] = [
  {
    name: "kill-leader",
    clientKind: "mixed",
    faults: [at(2_000, "crash-leader", "leader", 1_500), at(6_500, "crash-leader", "leader", 1_500)],
  },
  {
    name: "kill-all",
    clientKind: "embedded",
    faults: [at(3_000, "crash-all", "all", 300), at(7_000, "crash-all", "all", 1_500)],
  },
  {
    name: "one-way-leader",
    faults: [
      at(1_500, "one-way", "leader", 3_500, { deaf: true }),
      at(7_000, "one-way", "leader", 3_500, { deaf: false }),
    ],
  },
  {
    name: "bridge",
    nodes: 5,
    faults: [at(1_500, "bridge", "all", 4_000), at(7_000, "majorities-ring", "all", 3_500)],
  },
  {
    name: "pause-leader",
    clientKind: "mixed",
    faults: [
      at(1_500, "pause", "leader", 400),
      at(3_500, "pause", "leader", 5_000),
      at(4_000, "client-cut", "client#2", 4_000),
    ],
  },
  {
    name: "full-disk",
    diskMode: "write-full",
    faults: [at(2_000, "failing-disk", "follower", 1_500), at(6_500, "failing-disk", "leader", 1_500)],
  },
  {
    name: "failed-sync",
    clientKind: "mixed",
    diskMode: "sync-once",
    faults: [at(2_000, "failing-disk", "leader", 1_000), at(6_500, "failing-disk", "leader", 1_500)],
  },
  {
    name: "power-loss",
    clientKind: "mixed",
    faults: [at(2_500, "power-loss", "all", 200), at(6_500, "power-loss", "majority", 500)],
  },
  {
    name: "clocks",
    faults: [
      at(1_500, "wall-jump", "leader", 0, { byMs: 7_200_000 }),
      at(3_000, "clock-drift", "all", 6_000),
      at(4_000, "wall-jump", "leader", 0, { byMs: -14_400_000 }),
      at(6_500, "crash-leader", "leader", 500),
    ],
  },
  {
    name: "bad-links",
    faults: [
      at(1_000, "flapping", "leader", 2_500, { periodMs: 300 }),
      at(4_000, "reset", "any", 0, { midFrame: true }),
      at(5_000, "delay", "leader", 2_000, { delayMs: 250 }),
      at(7_500, "throttle", "follower", 2_000, { bytesPerSecond: 8_000 }),
      at(9_500, "client-cut", "client#0", 1_000),
      at(9_500, "half-open", "any", 1_000),
    ],
  },
  {
    name: "rolling-restart",
    clientKind: "mixed",
    faults: ["node#0", "node#1", "node#2"].map((target, position) =>
      at(1_500 + 3_000 * position, "stop-in-order", target, 300),
    ),
  },
];

/** Long enough that the two seconds which a cluster has to notice are the smaller part. */
const awayMs = 9_000;

/** One of three members is away for most of the time: the leader, and then another one. */
const losses: readonly Script[] = [
  { name: "killed", faults: [at(1_500, "crash", "leader", awayMs)] },
  { name: "killed-follower", faults: [at(1_500, "crash", "follower", awayMs)] },
  { name: "paused", faults: [at(1_500, "pause", "leader", awayMs)] },
  { name: "paused-follower", faults: [at(1_500, "pause", "follower", awayMs)] },
  { name: "isolated", faults: [at(1_500, "isolate-leader", "leader", awayMs)] },
  { name: "isolated-follower", faults: [at(1_500, "isolate-one", "follower", awayMs)] },
  { name: "full-disk", diskMode: "write-full", faults: [at(1_500, "failing-disk", "leader", awayMs)] },
  {
    name: "full-disk-follower",
    diskMode: "write-full",
    faults: [at(1_500, "failing-disk", "follower", awayMs)],
  },
];

/** The scenarios of the default suite. */
export function defaultSuite(seed: number): Plan[] {
  return plansOf(scripts, seed);
}

/** One of three members is away at a time: how many operations are answered all the same? */
export function availabilitySuite(seed: number): Plan[] {
  return plansOf(losses, seed);
}

function plansOf(all: readonly Script[], seed: number): Plan[] {
  return all.map(({ name, nodes = 3, diskMode = "sync-slow", clientKind = "thin", faults }, position) => ({
    format: 1,
    name,
    seed: seed + position,
    nodes,
    spares: 0,
    workload: "mixed",
    ...usualLoad,
    clientKind,
    loadMs: quietEndMs + Math.max(...faults.map(({ atMs, durMs }) => atMs + durMs)),
    diskMode,
    faults: byTime(faults),
  }));
}
