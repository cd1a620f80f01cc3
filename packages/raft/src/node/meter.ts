import type { Clock } from "@flotilla/runtime";
import type { Event } from "../core/event.ts";
import type { Message } from "../core/message.ts";
import type { AppendTask, SoftState } from "../core/ready.ts";
import type { NodeId, Term } from "../core/types.ts";
import { Distribution, entryBounds, secondBounds } from "./distribution.ts";
import type { RaftObserver } from "./observer.ts";

/** What became of a proposal made here. `refused`: it was never taken up. */
export type ProposalOutcome = "applied" | "dropped" | "unknown" | "refused";

/** Counts by name. */
export class Tally<Name extends string> {
  readonly #counts = new Map<Name, { count: number }>();

  add(name: Name): void {
    const known = this.#counts.get(name);
    if (known === undefined) this.#counts.set(name, { count: 1 });
    else known.count += 1;
  }

  of(name: Name): number {
    return this.#counts.get(name)?.count ?? 0;
  }

  /** Names in the order in which they were first seen. */
  get all(): ReadonlyMap<Name, number> {
    return new Map([...this.#counts].map(([name, { count }]) => [name, count]));
  }
}

/** Counts and times what a node does, in this life of it. Nothing is allocated for what happens often. */
export class Meter implements RaftObserver {
  readonly proposals: Tally<ProposalOutcome> = new Tally();
  readonly sent: Tally<Message["type"]> = new Tally();
  readonly received: Tally<Message["type"]> = new Tally();
  readonly roles: Tally<SoftState["role"]> = new Tally();
  readonly events: Tally<Event["type"]> = new Tally();
  readonly proposalSeconds: Distribution = new Distribution(secondBounds);
  readonly fsyncSeconds: Distribution = new Distribution(secondBounds);
  readonly batchEntries: Distribution = new Distribution(entryBounds);
  proposalsPending = 0;
  appendBytes = 0;
  truncations = 0;
  termChanges = 0;
  leaderChanges = 0;
  leaseReads = 0;
  snapshotsTaken = 0;
  snapshotsInstalled = 0;
  readonly #clock: Pick<Clock, "now">;
  #recovered = false;
  #appendedMs = 0;
  #isAppending = false;
  #role: SoftState["role"] | null = null;
  #term: Term | null = null;
  #leader: NodeId | null = null;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** A proposal is taken up; the answer belongs to `proposalEnds`. */
  proposalBegins(): number {
    this.proposalsPending += 1;
    return this.#clock.now();
  }

  proposalEnds(outcome: Exclude<ProposalOutcome, "refused">, begunMs: number): void {
    this.proposalsPending -= 1;
    this.proposals.add(outcome);
    if (outcome === "applied") this.proposalSeconds.observe((this.#clock.now() - begunMs) / 1000);
  }

  onStep(event: Event): void {
    this.events.add(event.type);
    if (event.type === "receive") this.received.add(event.message.type);
  }

  onSend(_to: NodeId, { type }: Message): void {
    this.sent.add(type);
  }

  /** Milliseconds since the batch under way was handed to the disk; 0 when none is. */
  get appendingMs(): number {
    return this.#isAppending ? this.#clock.now() - this.#appendedMs : 0;
  }

  onAppend({ entries, truncateFrom }: AppendTask): void {
    this.#isAppending = true;
    this.#appendedMs = this.#clock.now();
    this.batchEntries.observe(entries.length);
    for (const { frame } of entries) this.appendBytes += frame.length;
    if (truncateFrom !== null) this.truncations += 1;
  }

  onDurable(): void {
    this.#isAppending = false;
    this.fsyncSeconds.observe((this.#clock.now() - this.#appendedMs) / 1000);
  }

  onSoft({ role, term, leader }: SoftState): void {
    if (this.#role !== null && role !== this.#role) this.roles.add(role);
    if (this.#term !== null && term !== this.#term) this.termChanges += 1;
    if (leader !== null && leader !== this.#leader) {
      if (this.#leader !== null) this.leaderChanges += 1;
      this.#leader = leader;
    }
    this.#role = role;
    this.#term = term;
  }

  onLeaseReads(_term: Term, count: number): void {
    this.leaseReads += count;
  }

  onRecovered(): void {
    this.#recovered = true;
  }

  onRestore(): void {
    // What the node finds at its start is not news.
    if (this.#recovered) this.snapshotsInstalled += 1;
  }

  onSnapshot(): void {
    this.snapshotsTaken += 1;
  }
}
