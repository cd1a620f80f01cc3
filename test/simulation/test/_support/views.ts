import type { AppendTask, Configuration, Entry, Recovered, SoftState } from "@flotilla/raft";
import { Kernel } from "@flotilla/runtime/sim";
import type { OnlineChecker } from "../../src/online/checker.ts";
import { NodeView } from "../../src/online/node-view.ts";

const kernel = new Kernel({ seed: 1 });

/** A member whose process runs. */
export function view(id: string): NodeView {
  return new NodeView(id, kernel.node(id).disk, () => kernel.nowMs);
}

export function entry(index: number, term: number, text = ""): Entry {
  const frame = new TextEncoder().encode(`${index}/${term}/${text}`);
  return { index, term, timeMs: 0, kind: "command", payload: frame, frame };
}

export function task(entries: readonly Entry[], more: Partial<AppendTask> = {}): AppendTask {
  return { seq: 1, reset: null, truncateFrom: null, entries, hardState: null, commit: 0, ...more };
}

export function soft(role: SoftState["role"], term: number, leader: string | null = null): SoftState {
  return { role, term, leader, established: false };
}

/** Who begins a cluster. */
export function founders(...ids: string[]): Configuration {
  const voters = ids.map((id) => ({ id, address: `${id}:1`, incarnation: "" }));
  return { index: 0, historyId: "", voters, outgoing: [], learners: [], leaseReads: false };
}

/** What is found on a disk with entries of one term up to `index`. */
export function recovered(index: number, term: number): Recovered {
  return {
    hardState: { term, vote: null },
    configurations: [founders("a", "b", "c")],
    snapshot: { index: 0, term: 0 },
    compacted: { index: 0, term: 0 },
    last: { index, term },
    termRuns: index === 0 ? [] : [{ index: 1, term }],
    lastTimeMs: 0,
    commit: 0,
  };
}

/** Collects what a checker has to say. */
export function judged<T extends OnlineChecker>(
  make: (report: (message: string) => void) => T,
): { checker: T; said: string[] } {
  const said: string[] = [];
  return { checker: make((message) => said.push(message)), said };
}
