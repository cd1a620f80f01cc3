import type { KeyedRandom } from "@flotilla/runtime/sim";
import { between, pick } from "./draw.ts";
import { makeFault } from "./make-fault.ts";
import type { Scene } from "./make-fault.ts";
import type { Fault, FaultKind, WorldConfig } from "./plan.ts";

/** Probes of the code: a piece of a snapshot is served, arrives, is the last one, is taken up, or is at a start. */
export const installMoments = [
  "raft.snapshot-served",
  "raft.snapshot-chunk",
  "raft.snapshot-received",
  "raft.snapshot-installing",
  "raft.snapshot-opening",
] as const;

/** The most times it comes in most installations. */
const mostHits: Readonly<Record<(typeof installMoments)[number], number>> = {
  "raft.snapshot-served": 8,
  "raft.snapshot-chunk": 8,
  "raft.snapshot-received": 2,
  "raft.snapshot-installing": 25,
  "raft.snapshot-opening": 60,
};

const kinds: readonly FaultKind[] = [
  "crash",
  "crash",
  "crash-all",
  "stop-in-order",
  "pause",
  "stall",
  "isolate-one",
  "halves",
  "one-way",
  "half-open",
  "reset",
  "slow-disk",
  "stuck-disk",
  "failing-disk",
  "full-disk",
];
/** There may be none for long. */
const patienceMs = 60_000;

/**
 * Every world has a few faults that wait for a snapshot on its way and strike one of its two sides in the middle of that,
 * or all members.
 */
export function withInstallFaults(
  random: KeyedRandom,
  faults: readonly Fault[],
  { loadMs }: WorldConfig,
  scene: Omit<Scene, "key">,
): readonly Fault[] {
  const count = between(random, 1, 3);
  const more = Array.from({ length: count }, (_, index): Fault => {
    const kind = pick(random, kinds);
    const moment = pick(random, installMoments);
    const hit = between(random, 1, mostHits[moment]);
    const atMs = between(random, 3000, Math.round(loadMs * 0.6));
    const fault = makeFault(random.fork(String(index)), kind, atMs, { ...scene, key: 0 });
    const target = kind === "crash-all" ? fault.target : "here";
    const args = { ...fault.args, key: `i${index}` };
    return { ...fault, target, args, when: { moment, hit, patienceMs } };
  });
  return [...faults, ...more].toSorted((a, b) => a.atMs - b.atMs);
}
