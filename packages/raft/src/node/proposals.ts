import { FlotillaError } from "@flotilla/runtime";
import type { Propose } from "../core/event.ts";
import type { Dropped, Placed } from "../core/ready.ts";
import type { Index, LogId, Term } from "../core/types.ts";
import type { Proposed } from "./types.ts";

interface Pending {
  readonly payload: Uint8Array;
  readonly ifTerm: Term | null;
  readonly resolve: (proposed: Proposed) => void;
  readonly reject: (error: FlotillaError) => void;
  /** Where it went, once known. */
  placed: LogId | null;
}

const maxEventBytes = 1 << 20;
const maxEventCount = 1024;
const maxRecent = 16_384;

/** Local proposals from the call to their outcome. */
export class Proposals {
  // Ascending by id.
  readonly #pending = new Map<number, Pending>();
  readonly #byIndex = new Map<Index, number[]>();
  #nextId = 1;
  // Everything from this id on waits for the next turn.
  #firstQueued = 1;
  #queuedBytes = 0;
  // Proposals that nobody has placed yet.
  #unplaced = 0;
  #appliedIndex: Index = 0;
  // Kept while proposals wait to be placed: the leader's answer may arrive after the entry itself.
  readonly #recent = new Map<Index, { readonly term: Term; readonly result: unknown }>();

  get queuedCount(): number {
    return this.#nextId - this.#firstQueued;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Takes up a proposal for the next turn. */
  async add(payload: Uint8Array, ifTerm: Term | null): Promise<Proposed> {
    return new Promise((resolve, reject) => {
      this.#pending.set(this.#nextId, { payload, ifTerm, resolve, reject, placed: null });
      this.#nextId += 1;
      this.#unplaced += 1;
      this.#queuedBytes += payload.length;
    });
  }

  /** The events for what was taken up since the last call, in order, each small enough for one frame. */
  takeEvents(): Propose[] {
    const events: Propose[] = [];
    let payloads: Uint8Array[] = [];
    let bytes = 0;
    let ifTerm: Term | null = null;
    let firstId = this.#firstQueued;
    for (let id = firstId; id < this.#nextId; id += 1) {
      const pending = this.#pending.get(id);
      if (pending === undefined) continue;
      const full = bytes + pending.payload.length > maxEventBytes || payloads.length === maxEventCount;
      if (payloads.length > 0 && (full || pending.ifTerm !== ifTerm)) {
        events.push({ type: "propose", firstId, payloads, ifTerm });
        payloads = [];
        bytes = 0;
      }
      if (payloads.length === 0) firstId = id;
      payloads.push(pending.payload);
      bytes += pending.payload.length;
      ifTerm = pending.ifTerm;
    }
    if (payloads.length > 0) events.push({ type: "propose", firstId, payloads, ifTerm });
    this.#firstQueued = this.#nextId;
    this.#queuedBytes = 0;
    return events;
  }

  /** Notes which entries proposals became. */
  placed({ firstId, count, firstIndex, term }: Placed): void {
    for (let k = 0; k < count; k += 1) {
      const pending = this.#pending.get(firstId + k);
      if (pending === undefined) continue;
      const index = firstIndex + k;
      if (pending.placed === null) this.#unplaced -= 1;
      pending.placed = { index, term };
      if (index <= this.#appliedIndex) {
        this.#placedLate(firstId + k, pending, { index, term });
        continue;
      }
      const ids = this.#byIndex.get(index);
      if (ids === undefined) this.#byIndex.set(index, [firstId + k]);
      else ids.push(firstId + k);
    }
    if (this.#unplaced === 0) this.#recent.clear();
  }

  /** Rejects proposals that went nowhere, or whose way is lost. */
  dropped({ firstId, count, certain }: Dropped): void {
    for (let k = 0; k < count; k += 1) {
      if (certain)
        this.#reject(firstId + k, droppedError("there is no leader to take it, or it takes no more"));
      else this.#reject(firstId + k, unknownError("the leader that took it is out of sight"));
    }
  }

  /** Entry `id` was applied with `result`: decides whatever was placed there. Cheap when nothing was. */
  applied(id: LogId, result: unknown): void {
    this.#appliedIndex = id.index;
    if (this.#unplaced > 0) this.#remember(id, result);
    else this.#recent.clear();
    const ids = this.#byIndex.get(id.index);
    if (ids === undefined) return;
    this.#byIndex.delete(id.index);
    for (const proposal of ids) {
      const pending = this.#pending.get(proposal);
      if (pending?.placed?.term !== id.term) {
        this.#reject(proposal, droppedError("a newer leader put another entry in its place"));
        continue;
      }
      this.#pending.delete(proposal);
      pending.resolve({ index: id.index, term: id.term, result });
    }
  }

  /** An entry of `term` was applied after those of lower terms: what was placed in those and not applied is lost. */
  termApplied(term: Term): void {
    for (const [id, { placed }] of this.#pending) {
      if (placed !== null && placed.term < term)
        this.#reject(id, droppedError("a newer leader left it behind"));
    }
  }

  /** A snapshot took the place of everything up to `index`: nobody knows what became of what was placed there. */
  passedOver(index: Index): void {
    this.#appliedIndex = index;
    for (const [id, { placed }] of this.#pending) {
      if (placed !== null && placed.index <= index)
        this.#reject(id, unknownError("a snapshot took its place"));
    }
  }

  /** Rejects everything, because the node stops. */
  close(): void {
    for (const id of this.#pending.keys()) {
      if (id >= this.#firstQueued) this.#reject(id, droppedError("the node is closed"));
      else this.#reject(id, unknownError("the node stopped before it knew"));
    }
  }

  #placedLate(id: number, pending: Pending, at: LogId): void {
    const found = this.#recent.get(at.index);
    if (found === undefined) this.#reject(id, unknownError("it was placed where nobody remembers"));
    else if (found.term !== at.term)
      this.#reject(id, droppedError("a newer leader put another entry in its place"));
    else {
      this.#pending.delete(id);
      pending.resolve({ ...at, result: found.result });
    }
  }

  #remember({ index, term }: LogId, result: unknown): void {
    this.#recent.set(index, { term, result });
    if (this.#recent.size > maxRecent) this.#recent.delete(index - maxRecent);
  }

  #reject(id: number, error: FlotillaError): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    if (pending.placed === null) this.#unplaced -= 1;
    else this.#unplace(pending.placed.index, id);
    pending.reject(error);
  }

  #unplace(index: Index, id: number): void {
    const rest = this.#byIndex.get(index)?.filter((other) => other !== id) ?? [];
    if (rest.length === 0) this.#byIndex.delete(index);
    else this.#byIndex.set(index, rest);
  }
}

function droppedError(why: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_DROPPED", `the proposal is not in the log: ${why}`);
}

function unknownError(why: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_UNKNOWN_OUTCOME", `the proposal may be in the log: ${why}`, {
    ambiguous: true,
  });
}
