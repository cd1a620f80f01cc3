import type { Node } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { Session, Watch, WatchEvent } from "../../client/api.ts";
import { sharedController } from "../../shared-controller.ts";
import { listen } from "../bounded.ts";
import { patient } from "../patient.ts";
import type { Wake } from "../wake.ts";
import type { ShardMap } from "./api.ts";
import { type ShardPaths, shardOf } from "./paths.ts";
import {
  type OwnedShard,
  type Participant,
  type Plan,
  readOwned,
  readParticipant,
  readPlan,
} from "./records.ts";

/** The nodes of one name, kept up to date by what a watch tells. */
export class View {
  readonly #paths: ShardPaths;
  readonly #wakes: readonly Wake[];
  #participants = new Map<string, Participant>();
  #owned = new Map<number, OwnedShard>();
  #plan: Plan | null = null;
  #others = new Map<string, Node>();
  #revision = -1;
  #isOver = false;

  /** @param wakes notified of every change, and of the end of it all */
  constructor(paths: ShardPaths, wakes: readonly Wake[]) {
    this.#paths = paths;
    this.#wakes = wakes;
  }

  get participants(): ReadonlyMap<string, Participant> {
    return this.#participants;
  }

  get owned(): ReadonlyMap<number, OwnedShard> {
    return this.#owned;
  }

  get plan(): Plan | null {
    return this.#plan;
  }

  /** All that other revisions before this one changed is seen, and some of what this one did; -1: nothing is known. */
  get revision(): number {
    return this.#revision;
  }

  /** It is followed no more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** A copy. */
  get map(): ShardMap {
    return new Map(
      [...this.#owned].map(([shard, { id, value, mzxid }]) => [shard, { id, value, epoch: mzxid }]),
    );
  }

  /** Another node right below the name. */
  other(name: string): Node | null {
    return this.#others.get(name) ?? null;
  }

  /**
   * Follows until the signal fires or the session is closed; outlasts a missing quorum.
   * @throws FlotillaError `ERR_FLOTILLA_SESSION_EXPIRED` when the session is lost
   */
  async follow(session: Session, signal: AbortSignal | undefined): Promise<void> {
    const ending = sharedController();
    let watch = null as Watch | null;
    const stopListening = listen(signal, (reason) => {
      ending.abort(reason);
      void watch?.close();
    });
    try {
      const { base } = this.#paths;
      const calls = patient(session, ending.signal);
      // The snapshot is the server's at hand, which has by then what a linearizable read has shown.
      await calls.get(base);
      watch = await calls.watch(base, { kind: "recursive", initial: true });
      // Between its arming and here nobody could close it.
      if (!ending.signal.aborted) for await (const event of watch) this.take(event);
    } catch (error) {
      if (signal?.aborted !== true && !FlotillaError.is(error, "ERR_FLOTILLA_CLOSED")) throw error;
    } finally {
      stopListening();
      await watch?.close();
      this.#isOver = true;
      this.#notify();
    }
  }

  take(event: WatchEvent): void {
    if (event.type === "snapshot") {
      this.#participants = new Map();
      this.#owned = new Map();
      this.#others = new Map();
      this.#plan = null;
      for (const { path, node } of event.nodes) this.#put(path, node);
    } else this.#put(event.path, event.node);
    this.#revision = event.revision;
    this.#notify();
  }

  #put(path: string, node: Node | null): void {
    const { base, participants, owned, plan } = this.#paths;
    if (path === plan) this.#plan = node === null ? null : readPlan(node);
    const at = path.lastIndexOf("/");
    const parent = path.slice(0, at);
    const name = path.slice(at + 1);
    if (parent === base) put(this.#others, name, node);
    else if (parent === participants)
      put(this.#participants, name, node === null ? null : readParticipant(name, node));
    else if (parent === owned) {
      const shard = shardOf(name);
      if (shard !== null) put(this.#owned, shard, node === null ? null : readOwned(node));
    }
  }

  #notify(): void {
    for (const wake of this.#wakes) wake.notify();
  }
}

function put<K, V>(map: Map<K, V>, key: K, value: V | null): void {
  if (value === null) map.delete(key);
  else map.set(key, value);
}
