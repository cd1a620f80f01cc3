import type { Watch, WatchPosition } from "@flotilla/coord/client";
import type { DeliveredItem, SessionDelivery, WatchKind } from "@flotilla/history";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { ActorProcess } from "./actor.ts";
import { isPassing, sleep } from "./actor.ts";
import type { WatchRecord } from "./ledger.ts";
import type { Paths } from "./paths.ts";
import type { TrackedSession } from "./tracked-session.ts";

interface Wanted {
  readonly path: string;
  readonly kind: WatchKind;
  readonly delivered: DeliveredItem[];
  record: WatchRecord | null;
  from: WatchPosition | null;
}

/**
 * Watches one thing after another. When its session is lost it goes on with the next from where it stood:
 * one stream over both.
 */
export class Watcher {
  readonly #actor: ActorProcess;
  readonly #random: KeyedRandom;
  readonly #paths: Paths;
  readonly #name: string;
  #wanted: Wanted | null = null;
  #count = 0;

  constructor(actor: ActorProcess, name: string, paths: Paths) {
    this.#actor = actor;
    this.#name = name;
    this.#random = actor.random.fork(name);
    this.#paths = paths;
  }

  /** Watches on this session until it is gone; the stream in hand is taken on to the next. */
  async run(tracked: TrackedSession): Promise<void> {
    while (!tracked.session.signal.aborted) {
      if (this.#wanted === null && this.#actor.isStopping()) return;
      const wanted = this.#wanted ?? this.#choose();
      this.#wanted = wanted;
      try {
        await this.#follow(tracked, wanted);
      } catch (error) {
        if (!isPassing(error)) throw error;
        await sleep(this.#actor, 100);
      }
    }
  }

  /** From now on everything up to a revision must have been told. */
  caughtUp(revision: number): void {
    const record = this.#wanted?.record ?? null;
    if (record !== null) record.due = revision;
  }

  #choose(): Wanted {
    const kinds: readonly WatchKind[] = ["data", "children", "recursive"];
    const path = this.#paths.watched(this.#random);
    const kind = kinds[this.#random.below(3)] ?? "data";
    return { path, kind, delivered: [], record: null, from: null };
  }

  async #follow(tracked: TrackedSession, wanted: Wanted): Promise<void> {
    const { session } = tracked;
    const { path, kind } = wanted;
    const watch = await session.watch(path, { kind, ...(wanted.from === null ? {} : { from: wanted.from }) });
    const id = this.#armed(tracked, wanted, watch);
    const endsAfterMs = 4000 + this.#random.below(20_000);
    const timer = this.#actor.host.clock.setTimer(endsAfterMs, () => {
      if (this.#actor.isStopping()) return;
      wanted.from = null;
      void watch.close();
    });
    try {
      for await (const event of watch) {
        if (event.type === "snapshot") {
          wanted.delivered.push({ kind: "gap" }, { kind: "snapshot", revision: event.revision });
          this.#tell({ session: session.id, kind: "snapshot", watch: id, revision: event.revision });
        } else {
          const { revision, token, type } = event;
          wanted.delivered.push({ kind: "event", revision, ordinal: token.ordinal, type, path: event.path });
          this.#tell({ session: session.id, kind: "event", watch: id, revision, ordinal: token.ordinal });
        }
        wanted.from = event.token;
        tracked.heard(event.revision);
      }
      if (!session.signal.aborted) this.#wanted = null;
    } finally {
      timer.cancel();
      this.#tell({ session: session.id, kind: "watch-closed", watch: id });
    }
  }

  #armed(tracked: TrackedSession, wanted: Wanted, watch: Watch): string {
    const { session } = tracked;
    const { path, kind } = wanted;
    this.#count += 1;
    const id = `${this.#actor.name}/${this.#name}/${this.#count}`;
    const { revision, ordinal } = watch.token;
    // A token in the middle of a revision leaves the rest of it to come.
    const from =
      wanted.from === null ? revision + 1 : ordinal === Number.MAX_SAFE_INTEGER ? revision + 1 : revision;
    if (wanted.record === null) {
      const stream = { path, watchKind: kind, from, delivered: wanted.delivered };
      wanted.record = { id, stream, due: null };
      this.#actor.world.ledger.watches.push(wanted.record);
    }
    wanted.from = watch.token;
    this.#tell({
      session: session.id,
      kind: "watch-armed",
      watch: id,
      path,
      watchKind: kind,
      from: revision + 1,
    });
    return id;
  }

  #tell(delivery: SessionDelivery): void {
    this.#actor.world.ledger.deliver(delivery);
  }
}
