import type { Random } from "@flotilla/runtime";
import type { Message } from "@flotilla/raft";
// The core is no part of the package's face: a bench looks behind it.
import { Raft } from "../../../packages/raft/dist/core/raft.js";
import type { Recovered } from "@flotilla/raft";

interface Parcel {
  readonly from: string;
  readonly to: string;
  readonly message: Message;
}

const ids = ["a", "b", "c"] as const;
const zero = { index: 0, term: 0 } as const;
const compactEvery = 20_000;

const incarnations: ReadonlyMap<string, string> = new Map(
  ids.map((id) => [id, Buffer.from(id.repeat(16)).toString("hex")]),
);

function incarnationOf(id: string): string {
  return incarnations.get(id) ?? "";
}

// Elections need different waits, not real chance.
function counting(start: number): Random {
  let state = start;
  const u32 = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
  return {
    u32,
    below: (limit) => u32() % limit,
    float: () => u32() / 2 ** 32,
    bytes: (length) => Uint8Array.from({ length }, () => u32() % 256),
  };
}

function recovered(): Recovered {
  const voters = ids.map((id) => ({ id, address: `${id}:1`, incarnation: incarnationOf(id) }));
  return {
    hardState: { term: 0, vote: null },
    configurations: [
      { index: 0, historyId: "ab".repeat(16), voters, outgoing: [], learners: [], leaseReads: false },
    ],
    snapshot: zero,
    compacted: zero,
    last: zero,
    termRuns: [],
    lastTimeMs: 0,
    commit: 0,
  };
}

/** Three cores in one process: messages arrive at once, disks and state machines take no time. */
export class Cores {
  readonly #cores: ReadonlyMap<string, Raft>;
  #wire: Parcel[] = [];
  #nowMs = 0;
  #nextId = 1;
  #compacted = 0;

  constructor() {
    this.#cores = new Map(
      ids.map((id, k) => {
        const core = new Raft({
          id,
          incarnation: incarnationOf(id),
          random: counting(k + 1),
          start: { nowMs: 0, wallMs: 1 },
          recovered: recovered(),
          reader: { read: () => "compacted" },
          probe: () => {},
        });
        return [id, core];
      }),
    );
    this.#elect();
  }

  /** Replicates payloads in one proposal, until all three have applied them. */
  replicate(payloads: readonly Uint8Array[]): void {
    const leader = this.#leader();
    if (leader === undefined) throw new Error("no leader");
    const target = leader.last.index + payloads.length;
    leader.step(
      { type: "propose", firstId: this.#nextId, payloads, ifTerm: null, isReserved: false },
      this.#now(),
    );
    this.#nextId += payloads.length;
    this.#drain(leader);
    this.#settle();
    if (leader.applied < target) throw new Error("the proposal was not applied");
    if (leader.applied - this.#compacted > compactEvery) this.#compact();
  }

  #leader(): Raft | undefined {
    for (const core of this.#cores.values()) if (core.established) return core;
    return undefined;
  }

  #elect(): void {
    for (let tick = 0; tick < 100 && this.#leader() === undefined; tick += 1) {
      this.#nowMs += 100;
      for (const core of this.#cores.values()) {
        core.step({ type: "tick" }, this.#now());
        this.#drain(core);
      }
      this.#settle();
    }
  }

  // Memory stays bounded, as with snapshots: entries in the middle of a run must never be asked for again.
  #compact(): void {
    for (const core of this.#cores.values()) {
      const term = core.termAt(core.applied);
      if (term === null) continue;
      const last = { index: core.applied, term };
      core.step({ type: "snapshot-saved", last, compactTo: Math.max(0, last.index - 100) }, this.#now());
      this.#drain(core);
      this.#compacted = core.applied;
    }
    this.#settle();
  }

  #now(): { readonly nowMs: number; readonly wallMs: number } {
    return { nowMs: this.#nowMs, wallMs: this.#nowMs + 1 };
  }

  #settle(): void {
    while (this.#wire.length > 0) {
      const parcels = this.#wire;
      this.#wire = [];
      for (const { from, to, message } of parcels) {
        const core = this.#cores.get(to);
        core?.step({ type: "receive", from, incarnation: incarnationOf(from), message }, this.#now());
        if (core !== undefined) this.#drain(core);
      }
    }
  }

  #drain(core: Raft): void {
    while (core.hasReady()) {
      const { messages, append, apply } = core.ready();
      for (const { to, message } of messages) this.#wire.push({ from: core.id, to, message });
      if (append !== null) core.step({ type: "append-done", seq: append.seq }, this.#now());
      const last = apply?.entries.at(-1);
      if (last !== undefined) core.step({ type: "apply-done", index: last.index }, this.#now());
    }
  }
}
