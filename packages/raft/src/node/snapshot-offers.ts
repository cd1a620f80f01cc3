import type { Clock } from "@flotilla/runtime";
import type { SnapshotOffer, SnapshotReply } from "../core/message.ts";
import type { NodeId, Term } from "../core/types.ts";
import type { SnapshotMeta } from "../storage/snapshot-manifest.ts";
import type { SnapshotStore } from "../storage/snapshot-store.ts";

const maxUnanswered = 10;

export interface OffersOptions {
  readonly clock: Clock;
  readonly store: SnapshotStore;
  /** An offer is sent again so often until its receiver has the snapshot. */
  readonly repeatMs: number;
  /** The entry before the first one in the log: a snapshot below it leads nowhere. */
  readonly base: () => number;
  readonly send: (to: NodeId, offer: SnapshotOffer) => void;
  /** An offer ended: `ok` once the receiver has installed what was offered. */
  readonly onSent: (to: NodeId, ok: boolean) => void;
  /** A snapshot cannot be read any more. */
  readonly onDamaged: (meta: SnapshotMeta) => void;
  readonly onFailure: (error: unknown) => void;
}

interface Standing {
  readonly term: Term;
  meta: SnapshotMeta | null;
  release: () => void;
  sentMs: number;
  unanswered: number;
}

/** A leader's offers to the peers that need a snapshot. What is offered stays on the disk as long as the offer stands. */
export class SnapshotOffers {
  readonly #options: OffersOptions;
  readonly #standing = new Map<NodeId, Standing>();

  constructor(options: OffersOptions) {
    this.#options = options;
  }

  /** Offers the newest intact snapshot in `term`; an offer that stands is replaced. */
  start(to: NodeId, term: Term): void {
    this.#standing.get(to)?.release();
    const standing: Standing = { term, meta: null, release: () => {}, sentMs: 0, unanswered: 0 };
    this.#standing.set(to, standing);
    this.#choose(to, standing).catch(this.#options.onFailure);
  }

  /** The receiver says how far it is with this snapshot, or with another one. */
  replied(from: NodeId, { last, done }: SnapshotReply): void {
    const standing = this.#standing.get(from);
    if (standing === undefined) return;
    standing.unanswered = 0;
    const { meta } = standing;
    if (done && meta?.last.index === last.index && meta.last.term === last.term) this.#end(from, true);
  }

  /** Offers again what is not over, and gives up what belongs to another term, turned out bad or is never answered. */
  tick(term: Term, leads: boolean): void {
    const nowMs = this.#options.clock.now();
    for (const [to, standing] of this.#standing) {
      const { meta } = standing;
      const isDamaged = meta !== null && this.#options.store.find(meta) === null;
      if (!leads || standing.term !== term || isDamaged) {
        this.#end(to, false);
      } else if (meta !== null && nowMs - standing.sentMs >= this.#options.repeatMs) {
        standing.unanswered += 1;
        if (standing.unanswered > maxUnanswered) this.#end(to, false);
        else this.#send(to, standing, meta);
      }
    }
  }

  /** The links to `peer` ended. */
  stop(peer: NodeId): void {
    if (this.#standing.has(peer)) this.#end(peer, false);
  }

  close(): void {
    for (const { release } of this.#standing.values()) release();
    this.#standing.clear();
  }

  async #choose(to: NodeId, standing: Standing): Promise<void> {
    const { store, base, onDamaged } = this.#options;
    for (const meta of store.all.toReversed()) {
      if (meta.last.index < base()) break;
      const release = store.hold(meta);
      const intact = await store.isIntact(meta);
      if (this.#standing.get(to) !== standing) return release();
      if (intact) {
        standing.meta = meta;
        standing.release = release;
        return this.#send(to, standing, meta);
      }
      release();
      onDamaged(meta);
    }
    this.#end(to, false);
  }

  #send(to: NodeId, standing: Standing, meta: SnapshotMeta): void {
    const { last, timeMs, configuration, totalBytes, hash } = meta;
    standing.sentMs = this.#options.clock.now();
    const { term } = standing;
    this.#options.send(to, {
      type: "snapshot-offer",
      term,
      last,
      timeMs,
      configuration,
      totalBytes,
      hash,
    });
  }

  #end(to: NodeId, ok: boolean): void {
    this.#standing.get(to)?.release();
    this.#standing.delete(to);
    this.#options.onSent(to, ok);
  }
}
