import type { MultiItem, Session } from "../../client/api.ts";
import { sharedController } from "../../shared-controller.ts";
import { isBelieved, untilBelieved } from "../belief.ts";
import { listen } from "../bounded.ts";
import { electionAt } from "../election.ts";
import { givenBack } from "../given-back.ts";
import { attempt } from "../grant.ts";
import { ensureContainer, uniqueName } from "../names.ts";
import { isNoRoom, restMs, untilRoom } from "../no-room.ts";
import { requireStaying } from "../parting.ts";
import { patient } from "../patient.ts";
import { pause } from "../pause.ts";
import { Rest } from "../rest.ts";
import { ignoreTyped } from "../run-held.ts";
import { Wake } from "../wake.ts";
import type { Shard } from "./api.ts";
import { clear } from "./clear.ts";
import { HeldShard } from "./held-shard.ts";
import { maxAtOnce, ownedPath, type ShardPaths } from "./paths.ts";
import { Planner, type Planning } from "./planner.ts";
import { type Appearance, ownedRecord, participantRecord, type Plan } from "./records.ts";
import { Releases } from "./releases.ts";
import { View } from "./view.ts";

/** What somebody does who takes part. */
export interface Part {
  readonly appearance: Appearance;
  readonly drainMs: number;
  readonly planning: Planning;
  /** Work on a shard that is owned. */
  readonly work: (shard: Shard) => Promise<void> | void;
  /** What keeps it from taking part; null for nothing. */
  readonly obstacle: (view: View) => Error | null;
}

/**
 * Takes part once: claims what the plan gives to it, gives up what the plan takes away, and plans while it leads. The
 * node of a shard is the ownership: it can be made only when it is not there, and goes only with the session of its
 * owner or by the owner's own command, after the signal fired.
 */
export class Participation {
  readonly #session: Session;
  readonly #paths: ShardPaths;
  readonly #part: Part;
  readonly #name: string;
  readonly #wake = new Wake();
  readonly #planWake = new Wake();
  /** From appearing, for want of room. */
  readonly #rest: Rest;
  readonly #view: View;
  readonly #releases: Releases;
  /** Until the work has settled and the node is gone. */
  readonly #held = new Map<number, HeldShard>();
  readonly #stop = sharedController();
  #works: Set<Promise<void>> = new Set();
  #failure: { readonly error: unknown } | null = null;
  #claiming: Promise<void> | null = null;
  #appearedAt = -1;

  constructor(session: Session, paths: ShardPaths, part: Part) {
    this.#session = session;
    this.#paths = paths;
    this.#part = part;
    this.#name = uniqueName(session);
    this.#rest = new Rest(session.clock, this.#wake);
    this.#view = new View(paths, [this.#wake, this.#planWake]);
    this.#releases = new Releases(session);
  }

  /** Resolves once the signal fired, and rejects after any failure; all is given up by then, or goes on being so. */
  async run(signal: AbortSignal | undefined): Promise<void> {
    requireStaying(this.#session);
    const fail = (error: unknown): void => this.#fail(error);
    const stopListening = [
      listen(this.#session.signal, fail),
      listen(signal, (reason) => this.#stop.abort(reason)),
    ];
    const end = sharedController();
    const { clock } = this.#session;
    const follow = (): Promise<void> => this.#view.follow(this.#session, end.signal);
    const following = untilRoom(clock, end.signal, follow).catch(fail);
    const leading = this.#lead().catch(fail);
    await this.#takePart().catch(fail);
    this.#rest.cancel();
    await Promise.all([this.#leave().catch(fail), leading]);
    end.abort();
    await following;
    for (const stop of stopListening) stop();
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** The first thing that goes wrong ends it; what comes of stopping is none. */
  #fail(error: unknown): void {
    if (!this.#stop.signal.aborted) this.#end(error);
  }

  #end(error: unknown): void {
    this.#failure ??= { error };
    this.#stop.abort(error);
  }

  async #lead(): Promise<void> {
    const { id, value } = this.#part.appearance;
    const election = electionAt(this.#session, this.#paths, this.#paths.base, { id, value });
    const planner = new Planner(this.#session, this.#paths, this.#view, this.#planWake, this.#part.planning);
    const { signal } = this.#stop;
    const run = (): Promise<void> => election.run((leadership) => planner.lead(leadership), { signal });
    await untilRoom(this.#session.clock, signal, run);
  }

  async #takePart(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#wake.nextTurn(this.#session.clock, signal);
      const obstacle = this.#part.obstacle(this.#view);
      if (obstacle !== null) throw obstacle;
      await this.#appear(signal).catch((error: unknown) => this.#appearLater(error));
      this.#look();
      this.#claim();
    }
  }

  /** Also after somebody deleted its node. */
  async #appear(signal: AbortSignal): Promise<void> {
    const isSeen = (): boolean => this.#view.participants.has(this.#name);
    if (this.#rest.isOn || this.#view.revision <= this.#appearedAt || isSeen()) return;
    const calls = patient(this.#session, signal);
    const value = participantRecord(this.#part.appearance);
    const items: MultiItem[] = [{ type: "create", path: this.#path, value, ephemeral: true }];
    for (;;) {
      const revision = await attempt(calls, items);
      if (revision !== null) this.#appearedAt = revision;
      if (revision !== null || isSeen()) return;
      await ensureContainer(calls, this.#paths.participants);
    }
  }

  #appearLater(error: unknown): void {
    if (!isNoRoom(error)) throw error;
    this.#rest.begin();
  }

  get #path(): string {
    return `${this.#paths.participants}/${this.#name}`;
  }

  /** Ends what was taken away, and drains what is to be another's. */
  #look(): void {
    const { owned, plan, revision } = this.#view;
    for (const [id, shard] of this.#held) {
      // Of the revision of the claim itself not everything may have been told.
      if (revision > shard.epoch && owned.get(id)?.mzxid !== shard.epoch)
        shard.end("its node was taken away");
      else if (plan !== null && plan.owners[id] !== this.#name) shard.drain(this.#part.drainMs);
    }
  }

  /** Claims what is free, unless it is about to. */
  #claim(): void {
    const { owned, plan } = this.#view;
    if (plan === null || this.#claiming !== null) return;
    const free = plan.owners.flatMap((name, id) =>
      name === this.#name && !this.#held.has(id) && !owned.has(id) ? [id] : [],
    );
    if (free.length === 0) return;
    this.#claiming = this.#take(free.slice(0, maxAtOnce), plan)
      .catch((error: unknown) => (isNoRoom(error) ? this.#pause(restMs) : this.#fail(error)))
      .finally(() => {
        this.#claiming = null;
        // There may be more to do, and what was told meanwhile began no claim.
        this.#wake.notify();
      });
  }

  async #take(shards: readonly number[], { mzxid }: Plan): Promise<void> {
    const { signal } = this.#stop;
    if (!isBelieved(this.#session.lease)) return untilBelieved(this.#session, signal);
    const value = ownedRecord(this.#name, this.#part.appearance);
    const items = shards.map((id): MultiItem => {
      return { type: "create", path: ownedPath(this.#paths, id), value, ephemeral: true, guarded: true };
    });
    // Goes on when it is stopped: what it comes to own has to be given up.
    const calls = patient(this.#session, undefined);
    const epoch = await attempt(calls, [{ type: "check", path: this.#paths.plan, mzxid }, ...items]);
    if (epoch === null) await ensureContainer(calls, this.#paths.owned);
    else for (const id of shards) this.#begin(id, epoch);
  }

  #begin(id: number, epoch: number): void {
    const path = ownedPath(this.#paths, id);
    const { clock, lease } = this.#session;
    const shard = new HeldShard({
      id,
      epoch,
      path,
      lease,
      clock,
      giveUp: () => this.#releases.add(path, epoch),
    });
    this.#held.set(id, shard);
    if (this.#stop.signal.aborted) shard.end("its owner takes no more part");
    const work = this.#work(shard).finally(() => this.#works.delete(work));
    this.#works.add(work);
    void work
      .then(() => shard.gone)
      .then(
        () => {
          this.#held.delete(id);
          this.#wake.notify();
        },
        (error: unknown) => this.#fail(error),
      );
  }

  async #work(shard: HeldShard): Promise<void> {
    try {
      if (!shard.signal.aborted) await this.#part.work(shard);
    } catch (error) {
      // Work that stops because the shard was lost may well throw.
      if (!shard.signal.aborted) this.#end(error);
    }
    shard.rest();
  }

  /** Takes no more part, so that others are given its shards; these are drained, and given up. */
  async #leave(): Promise<void> {
    const leaving = attempt(patient(this.#session, undefined), [{ type: "delete", path: this.#path }]);
    leaving.catch(() => {});
    for (const shard of this.#held.values()) shard.drain(this.#part.drainMs);
    while (this.#works.size > 0) await Promise.all(this.#works);
    const given = async (): Promise<void> => {
      await this.#claiming;
      await Promise.all([leaving, ...[...this.#held.values()].map(({ gone }) => gone)]);
      await clear(patient(this.#session, undefined), this.#paths);
    };
    await givenBack(this.#session, given()).catch(ignoreTyped);
  }

  #pause(ms: number): Promise<void> {
    return pause(this.#session.clock, ms, this.#stop.signal);
  }
}
