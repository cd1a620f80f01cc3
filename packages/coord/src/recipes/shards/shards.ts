import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../../client/api.ts";
import { badArgument, requireFunction } from "../../client/bad-argument.ts";
import { checkedLimits, requireOptions } from "../../client/call.ts";
import type { ReadOptions } from "../../client/read-api.ts";
import { sharedController } from "../../shared-controller.ts";
import { hashOf } from "../balance/hash.ts";
import { listen, within } from "../bounded.ts";
import { readNodes } from "../children.ts";
import { requireInteger } from "../counted.ts";
import { endable } from "../endable.ts";
import { segment } from "../names.ts";
import { appearance } from "../standing.ts";
import { Wake } from "../wake.ts";
import type { Shard, ShardMap, ShardOwner, Shards, ShardsOptions } from "./api.ts";
import { rendezvous, sticky } from "./assignment.ts";
import { firstOf } from "./first.ts";
import { type Part, Participation } from "./participation.ts";
import { ownedPath, type ShardPaths, shardOf, shardPaths } from "./paths.ts";
import type { Wanted } from "./planner.ts";
import { type OwnedShard, readOwned } from "./records.ts";
import { View } from "./view.ts";

const maxCount = 4_096;
const maxWeight = 1_000;
const maxDrainMs = 86_400_000;
const strategies = { sticky, rendezvous };

/**
 * Shards spread over whoever takes part, on one session.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function createShards(session: Session, name: string, options: ShardsOptions): Shards {
  return new SessionShards(session, segment(name, "name"), options);
}

class SessionShards implements Shards {
  readonly name: string;
  readonly count: number;
  readonly #session: Session;
  readonly #paths: ShardPaths;
  readonly #part: Omit<Part, "work">;

  constructor(session: Session, name: string, options: ShardsOptions) {
    const { count, strategy = "sticky", weight = 1, drainMs = 10_000 } = options;
    this.name = name;
    this.count = requireInteger(count, "count", 1, maxCount);
    this.#session = session;
    this.#paths = shardPaths("shards", name);
    if (!Object.hasOwn(strategies, strategy))
      throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "strategy: expected sticky or rendezvous");
    const { id, value } = appearance(session, options);
    this.#part = {
      appearance: { id, value, weight: requireInteger(weight, "weight", 0, maxWeight), count },
      drainMs: requireInteger(drainMs, "drainMs", 0, maxDrainMs),
      planning: { assign: strategies[strategy], wanted: wantedOf, resize: "when-unowned" },
      obstacle: (view) => this.#otherCount(view),
    };
  }

  async run(
    work: (shard: Shard) => Promise<void> | void,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    requireFunction(work);
    checkedLimits(options, Number.POSITIVE_INFINITY);
    if (options.signal?.aborted === true) return;
    await new Participation(this.#session, this.#paths, { ...this.#part, work }).run(options.signal);
  }

  of(key: string): number {
    if (typeof key !== "string") throw badArgument("key: expected a text");
    return Math.floor(hashOf(key) * this.count);
  }

  async owner(shard: number, options?: ReadOptions): Promise<ShardOwner | null> {
    requireInteger(shard, "shard", 0, this.count - 1);
    const node = await this.#session.get(ownedPath(this.#paths, shard), options);
    return node === null ? null : ownerOf(readOwned(node));
  }

  async map(options: ReadOptions = {}): Promise<ShardMap> {
    const { owned } = this.#paths;
    const nodes = await within(this.#session, options, `map of ${this.#paths.base}`, (bounds) =>
      readNodes(this.#session, owned, bounds),
    );
    return new Map(
      nodes.flatMap(({ name, node }): [number, ShardOwner][] => {
        const shard = shardOf(name);
        return shard === null ? [] : [[shard, ownerOf(readOwned(node))]];
      }),
    );
  }

  observe(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<ShardMap, void, undefined> {
    requireOptions(options);
    return endable(options.signal, (ending) => this.#maps(ending));
  }

  async *#maps(signal: AbortSignal): AsyncGenerator<ShardMap, void, undefined> {
    const wake = new Wake();
    const view = new View(this.#paths, [wake]);
    const end = sharedController();
    const stopListening = listen(signal, (reason) => end.abort(reason));
    const following = view.follow(this.#session, end.signal);
    following.catch(() => {});
    try {
      for (let last: ShardMap | null = null; ;) {
        await wake.nextTurn(this.#session.clock);
        const { map } = view;
        if (view.revision >= 0 && (last === null || !isSame(last, map))) yield (last = map);
        if (view.isOver) return await following;
      }
    } finally {
      stopListening();
      end.abort();
    }
  }

  /** Whoever came first says how many shards there are: keys of one shard must not be another's. */
  #otherCount({ participants }: View): FlotillaError | null {
    const count = firstOf(participants.values())?.count;
    if (count === undefined || count === this.count) return null;
    return new FlotillaError(
      "ERR_FLOTILLA_BAD_ARGUMENT",
      `${this.#paths.base} has ${count} shards for those who take part, and ${this.count} for this one`,
    );
  }
}

function wantedOf({ participants }: View): Wanted | null {
  const count = firstOf(participants.values())?.count;
  if (count === undefined || !(count >= 1 && count <= maxCount)) return null;
  return { count, applicants: [...participants.values()].filter((one) => one.count === count) };
}

function ownerOf({ id, value, mzxid }: OwnedShard): ShardOwner {
  return { id, value, epoch: mzxid };
}

function isSame(a: ShardMap, b: ShardMap): boolean {
  return a.size === b.size && [...a].every(([shard, { epoch }]) => b.get(shard)?.epoch === epoch);
}
