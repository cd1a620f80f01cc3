import type { WorkloadName } from "../plan/plan.ts";
import type { BeliefBook } from "./belief-book.ts";
import { CounterWork } from "./counter-work.ts";
import { leases, registrations } from "./estates.ts";
import { elections, HoldWork, locks } from "./hold-work.ts";
import { OwnedWork } from "./owned-work.ts";
import { QueueWork } from "./queue-work.ts";
import type { Recorder } from "./recorder.ts";
import { TreeWork } from "./tree-work.ts";
import type { Work } from "./work.ts";

/** What a workload consists of besides work on registers. */
export function worksOf(workload: WorkloadName, recorder: Recorder, book: BeliefBook): Work[] {
  const all: Readonly<Record<Exclude<WorkloadName, "register" | "mixed">, () => Work>> = {
    lock: () => new HoldWork("lock", locks, book),
    election: () => new HoldWork("election", elections, book),
    counter: () => new CounterWork(recorder),
    tree: () => new TreeWork(recorder),
    lease: () => new OwnedWork("lease", leases, recorder),
    queue: () => new QueueWork(recorder, book),
    registry: () => new OwnedWork("registry", registrations, recorder),
  };
  if (workload === "register") return [];
  return workload === "mixed" ? Object.values(all).map((make) => make()) : [all[workload]()];
}
