import type {
  BookmarkedWatchOptions,
  Watch,
  WatchBookmark,
  WatchEvent,
  WatchFilter,
  WatchPosition,
} from "@flotilla/coord/client";
import { text } from "@flotilla/coord/client";
import type { DeliveredItem, PlacedNode, SeenNode, SessionDelivery, WatchKind } from "@flotilla/history";
import type { Node } from "@flotilla/kv";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { ActorProcess } from "./actor.ts";
import { isPassing, sleep } from "./actor.ts";
import type { WatchRecord } from "./ledger.ts";
import type { Paths } from "./paths.ts";
import { hasList } from "./paths.ts";
import type { TrackedSession } from "./tracked-session.ts";

interface Wanted {
  readonly path: string;
  readonly kind: WatchKind;
  readonly filter: WatchFilter;
  readonly values: boolean;
  readonly previous: boolean;
  readonly bookmarks: boolean;
  readonly initial: boolean;
  readonly delivered: DeliveredItem[];
  record: WatchRecord | null;
  from: WatchPosition | null;
}

const bookmarkMs = 700;

/** What of a node is compared in the end. */
export function seenNode(node: Node | null): SeenNode | null {
  if (node === null) return null;
  return { mzxid: node.stat.mzxid, version: node.stat.version, value: text(node.value) };
}

/** It tells of nodes with access lists. */
function isListed(event: WatchEvent | WatchBookmark): boolean {
  return "path" in event && hasList(event.path);
}

/** The root was never made, and who may read lists changes. */
function placedNode({ path, node }: { readonly path: string; readonly node: Node }): readonly PlacedNode[] {
  const seen = path === "/" || hasList(path) ? null : seenNode(node);
  return seen === null ? [] : [{ path, node: seen }];
}

/** How an event is written down. */
function delivered(event: WatchEvent | WatchBookmark): readonly DeliveredItem[] {
  const { revision, token } = event;
  switch (event.type) {
    case "snapshot":
      return [{ kind: "gap" }, { kind: "snapshot", revision, nodes: event.nodes.flatMap(placedNode) }];
    case "bookmark":
      return [{ kind: "bookmark", revision, ordinal: token.ordinal }];
    default: {
      const { type, path, node, previous } = event;
      const item = {
        kind: "event",
        revision,
        ordinal: token.ordinal,
        type,
        path,
        node: seenNode(node),
      } as const;
      return [previous === undefined ? item : { ...item, previous: seenNode(previous) }];
    }
  }
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
    const isOneIn = (count: number): boolean => this.#random.below(count) === 0;
    const filter: WatchFilter = {
      ...(isOneIn(4) ? { types: isOneIn(2) ? ["created", "deleted"] : ["changed"] } : {}),
      ...(isOneIn(4) ? { names: isOneIn(2) ? "r0-*" : "*0*" } : {}),
    };
    const wants = { filter, values: !isOneIn(6), previous: isOneIn(2), bookmarks: isOneIn(2) };
    const initial = this.#random.fork(`initial ${this.#count}`).chance(0.3);
    return { path, kind, ...wants, initial, delivered: [], record: null, from: null };
  }

  async #follow(tracked: TrackedSession, wanted: Wanted): Promise<void> {
    const { session } = tracked;
    const watch = await this.#open(tracked, wanted);
    const id = this.#armed(tracked, wanted, watch);
    const endsAfterMs = 4000 + this.#random.below(20_000);
    const timer = this.#actor.host.clock.setTimer(endsAfterMs, () => {
      if (this.#actor.isStopping()) return;
      wanted.from = null;
      void watch.close();
    });
    try {
      for await (const event of watch) {
        const { revision, token, type } = event;
        // What may be read there changes, and with it what is told.
        if (!isListed(event)) wanted.delivered.push(...delivered(event));
        if (type === "snapshot") this.#tell({ session: session.id, kind: "snapshot", watch: id, revision });
        else if (type !== "bookmark")
          this.#tell({ session: session.id, kind: "event", watch: id, revision, ordinal: token.ordinal });
        wanted.from = event.token;
        tracked.heard(event.revision);
      }
      if (!session.signal.aborted) this.#wanted = null;
    } finally {
      timer.cancel();
      this.#tell({ session: session.id, kind: "watch-closed", watch: id });
    }
  }

  #open({ session }: TrackedSession, wanted: Wanted): Promise<Watch<WatchEvent | WatchBookmark>> {
    const { path, kind, filter, values, previous, bookmarks, initial, from } = wanted;
    const options = { kind, filter, values, previous, ...(from === null ? { initial } : { from }) };
    if (!bookmarks) return session.watch(path, options);
    return session.watch(path, { ...options, bookmarks, bookmarkMs } satisfies BookmarkedWatchOptions);
  }

  #armed(tracked: TrackedSession, wanted: Wanted, watch: Watch<WatchEvent | WatchBookmark>): string {
    const { session } = tracked;
    const { path, kind } = wanted;
    this.#count += 1;
    const id = `${this.#actor.name}/${this.#name}/${this.#count}`;
    const { revision, ordinal } = watch.token;
    // A token in the middle of a revision leaves the rest of it to come.
    const from =
      wanted.from === null ? revision + 1 : ordinal === Number.MAX_SAFE_INTEGER ? revision + 1 : revision;
    if (wanted.record === null) {
      const { values, delivered: items } = wanted;
      const stream = { path, watchKind: kind, from, values, ...wanted.filter, delivered: items };
      wanted.record = { id, stream, due: null };
      this.#actor.world.ledger.watches.push(wanted.record);
    }
    const isBeginning = wanted.from === null;
    wanted.from = watch.token;
    this.#tell({
      session: session.id,
      kind: "watch-armed",
      watch: id,
      path,
      watchKind: kind,
      from: revision + 1,
      ...wanted.filter,
    });
    // Until its snapshot it owes nothing.
    if (isBeginning && wanted.initial) this.#tell({ session: session.id, kind: "gap", watch: id });
    return id;
  }

  #tell(delivery: SessionDelivery): void {
    this.#actor.world.ledger.deliver(delivery);
  }
}
