import { FlotillaError } from "@flotilla/runtime";
import type { Propose } from "../core/event.ts";
import { fitsForwarded, fitsUncommitted } from "../core/options.ts";
import type { Raft } from "../core/raft.ts";
import type { Dropped, Placed } from "../core/ready.ts";
import type { Index, LogId, Term } from "../core/types.ts";
import type { Meter } from "./meter.ts";
import { overloaded, tooLarge } from "./status.ts";
import type { Settings } from "./settings.ts";
import type { Proposed } from "./types.ts";

interface Pending {
  readonly id: number;
  readonly payload: Uint8Array;
  readonly ifTerm: Term | null;
  readonly isReserved: boolean;
  readonly resolve: (proposed: Proposed) => void;
  readonly reject: (error: FlotillaError) => void;
  /** Where it went, once known. Index 0: not yet. */
  index: Index;
  term: Term;
  /** Another one that was placed at the same index, in another term. */
  next: Pending | undefined;
  readonly begunMs: number;
}

const maxEventBytes = 1 << 20;
const maxEventCount = 1024;
const maxRecent = 16_384;
const nothing: readonly Propose[] = [];

/** What a single proposal is held against. */
type Judges = Pick<Settings, "maxProposalBytes" | "stateMachine" | "limits" | "reservedLimits">;

/** Local proposals from the call to their outcome. */
export class Proposals {
  // Ascending by id.
  readonly #meter: Meter;
  readonly #pending = new Map<number, Pending>();
  readonly #byIndex = new Map<Index, Pending>();
  #nextId = 1;
  // Everything from this id on waits for the next turn.
  #firstQueued = 1;
  #queuedBytes = 0;
  // Proposals handed out that nobody has placed yet.
  #unplaced = 0;
  #appliedIndex: Index = 0;
  // That of the last snapshot that took the place of the log.
  #restoredTerm: Term = 0;
  // Kept while proposals handed out wait to be placed: the leader's answer may arrive after the entry itself.
  readonly #recent = new Map<Index, { readonly term: Term; readonly result: unknown }>();

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  /** Proposals without an outcome. */
  get size(): number {
    return this.#pending.size;
  }

  get queuedCount(): number {
    return this.#nextId - this.#firstQueued;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Why a proposal is not taken up now; null: it is. */
  refusal(
    payload: Uint8Array,
    settings: Judges,
    core: Pick<Raft, "admits" | "role">,
    isReserved = false,
  ): FlotillaError | null {
    const why = this.#whyRefused(payload, settings, core, isReserved);
    if (why !== null) this.#meter.proposals.add("refused");
    return why;
  }

  /** Takes up a proposal for the next turn. */
  add(payload: Uint8Array, ifTerm: Term | null, isReserved = false): Promise<Proposed> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId;
      // One literal: V8 gives what is spread and then added to a new hidden class each time.
      this.#pending.set(id, {
        id,
        payload,
        ifTerm,
        isReserved,
        resolve,
        reject,
        index: 0,
        term: 0,
        next: undefined,
        begunMs: this.#meter.proposalBegins(),
      });
      this.#nextId += 1;
      this.#queuedBytes += payload.length;
    });
  }

  /** The events for what was taken up since the last call, in order, each small enough for one frame. */
  takeEvents(): readonly Propose[] {
    if (this.#firstQueued === this.#nextId) return nothing;
    const events: Propose[] = [];
    let payloads: Uint8Array[] = [];
    let bytes = 0;
    let ifTerm: Term | null = null;
    let isReserved = false;
    let firstId = this.#firstQueued;
    for (let id = firstId; id < this.#nextId; id += 1) {
      const pending = this.#pending.get(id);
      if (pending === undefined) continue;
      const full = bytes + pending.payload.length > maxEventBytes || payloads.length === maxEventCount;
      const isOther = pending.ifTerm !== ifTerm || pending.isReserved !== isReserved;
      if (payloads.length > 0 && (full || isOther)) {
        events.push({ type: "propose", firstId, payloads, ifTerm, isReserved });
        payloads = [];
        bytes = 0;
      }
      if (payloads.length === 0) firstId = id;
      payloads.push(pending.payload);
      bytes += pending.payload.length;
      this.#unplaced += 1;
      ({ ifTerm, isReserved } = pending);
    }
    if (payloads.length > 0) events.push({ type: "propose", firstId, payloads, ifTerm, isReserved });
    this.#firstQueued = this.#nextId;
    this.#queuedBytes = 0;
    return events;
  }

  /** Notes which entries proposals became. */
  placed({ firstId, count, firstIndex, term }: Placed): void {
    for (let k = 0; k < count; k += 1) {
      const pending = this.#pending.get(firstId + k);
      if (pending === undefined) continue;
      if (pending.index > 0) this.#unplace(pending);
      else this.#unplaced -= 1;
      pending.index = firstIndex + k;
      pending.term = term;
      if (pending.index <= this.#appliedIndex) {
        this.#placedLate(pending);
        continue;
      }
      if (term < this.#restoredTerm) {
        this.#reject(pending, leftBehind());
        continue;
      }
      pending.next = this.#byIndex.get(pending.index);
      this.#byIndex.set(pending.index, pending);
    }
    if (this.#unplaced === 0) this.#recent.clear();
  }

  /** Rejects proposals that went nowhere, or whose way is lost. */
  dropped({ firstId, count, certain }: Dropped): void {
    for (let k = 0; k < count; k += 1) {
      const pending = this.#pending.get(firstId + k);
      if (pending === undefined) continue;
      if (certain) this.#reject(pending, droppedError("there is no leader to take it, or it takes no more"));
      else this.#reject(pending, unknownError("the leader that took it is out of sight"));
    }
  }

  /** Entry `id` was applied with `result`: decides whatever was placed there. Cheap when nothing was. */
  applied(id: LogId, result: unknown): void {
    this.#appliedIndex = id.index;
    if (this.#unplaced > 0) this.#remember(id, result);
    else if (this.#recent.size > 0) this.#recent.clear();
    if (this.#byIndex.size === 0) return;
    let pending = this.#byIndex.get(id.index);
    if (pending !== undefined) this.#byIndex.delete(id.index);
    for (; pending !== undefined; pending = pending.next) this.#decide(pending, id.term, result);
  }

  /** An entry of `term` was applied after those of lower terms: what was placed in those and not applied is lost. */
  termApplied(term: Term): void {
    for (const pending of this.#pending.values()) {
      if (pending.index > 0 && pending.term < term) this.#reject(pending, leftBehind());
    }
  }

  /**
   * A snapshot took the place of everything up to `last`: nobody knows what became of what was placed there. What was
   * placed behind it in a lower term is lost: terms never fall along a log, and every entry that is ever committed
   * behind `last` is in a log that holds `last`.
   */
  passedOver(last: LogId): void {
    this.#appliedIndex = last.index;
    this.#restoredTerm = last.term;
    for (const pending of this.#pending.values()) {
      if (pending.index === 0) continue;
      if (pending.index <= last.index) this.#reject(pending, unknownError("a snapshot took its place"));
      else if (pending.term < last.term) this.#reject(pending, leftBehind());
    }
  }

  /** Rejects everything, because the node stops. */
  close(): void {
    for (const pending of this.#pending.values()) {
      if (pending.id >= this.#firstQueued) this.#reject(pending, droppedError("the node is closed"));
      else this.#reject(pending, unknownError("the node stopped before it knew"));
    }
  }

  #whyRefused(
    payload: Uint8Array,
    settings: Judges,
    core: Pick<Raft, "admits" | "role">,
    isReserved: boolean,
  ): FlotillaError | null {
    const { maxProposalBytes } = settings;
    if (payload.length > maxProposalBytes) return tooLarge("proposal", maxProposalBytes);
    if (settings.stateMachine.accepts?.(payload) === false)
      return new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "the state machine does not accept the proposal");
    const limits = isReserved ? settings.reservedLimits : settings.limits;
    // Whatever is committed and waits for the state machine still has a caller here.
    if (this.#pending.size >= limits.maxPendingProposals)
      return overloaded("too many proposals wait to be applied");
    const count = this.queuedCount + 1;
    const total = this.#queuedBytes + payload.length;
    // The core admits a lone batch of any size; what waits here may wait for as long as a hand-over takes.
    const fits = core.role === "leader" ? fitsUncommitted : fitsForwarded;
    return (count === 1 || fits(count, total, limits)) && core.admits(count, total, isReserved)
      ? null
      : overloaded("too many proposals wait for their outcome");
  }

  #placedLate(pending: Pending): void {
    const found = this.#recent.get(pending.index);
    if (found === undefined) this.#reject(pending, unknownError("it was placed where nobody remembers"));
    else this.#decide(pending, found.term, found.result);
  }

  /** An entry of `term` was applied where `pending` was placed. */
  #decide(pending: Pending, term: Term, result: unknown): void {
    if (pending.term !== term) {
      this.#reject(pending, droppedError("a newer leader put another entry in its place"));
      return;
    }
    this.#pending.delete(pending.id);
    this.#meter.proposalEnds("applied", pending.begunMs);
    pending.resolve({ index: pending.index, term, result });
  }

  #remember({ index, term }: LogId, result: unknown): void {
    this.#recent.set(index, { term, result });
    if (this.#recent.size > maxRecent) this.#recent.delete(index - maxRecent);
  }

  #reject(pending: Pending, error: FlotillaError): void {
    this.#pending.delete(pending.id);
    if (pending.index > 0) this.#unplace(pending);
    else if (pending.id < this.#firstQueued) this.#unplaced -= 1;
    this.#meter.proposalEnds(error.code === "ERR_FLOTILLA_DROPPED" ? "dropped" : "unknown", pending.begunMs);
    pending.reject(error);
  }

  #unplace(pending: Pending): void {
    const { index, next } = pending;
    const first = this.#byIndex.get(index);
    if (first === pending) {
      if (next === undefined) this.#byIndex.delete(index);
      else this.#byIndex.set(index, next);
      return;
    }
    for (let other = first; other !== undefined; other = other.next) {
      if (other.next === pending) other.next = next;
    }
  }
}

function droppedError(why: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_DROPPED", `the proposal is not in the log: ${why}`);
}

function leftBehind(): FlotillaError {
  return droppedError("a newer leader left it behind");
}

function unknownError(why: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_UNKNOWN_OUTCOME", `the proposal may be in the log: ${why}`, {
    ambiguous: true,
  });
}
