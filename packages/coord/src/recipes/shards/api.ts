import type { CallOptions, ReadOptions } from "../../client/read-api.ts";
import type { Held } from "../api.ts";

/**
 * How shards are given to those who take part.
 * - `sticky`: as many to each as its weight says, within one, and as few moves as that takes.
 * - `rendezvous`: every shard to whoever draws the highest number for it, by the id: nothing moves but what somebody who
 *   comes gets or somebody who goes had, and the same ids always have the same shards. Shares are as even as chance is.
 */
export type ShardStrategy = "sticky" | "rendezvous";

export interface ShardsOptions {
  /** How many shards there are, 1 to 4,096. The same for all who take part at one time. */
  readonly count: number;
  /** Of whoever leads at the time: give all the same. Default `sticky`. */
  readonly strategy?: ShardStrategy;
  /** An integer from 0 to 1,000; 0 takes part without shards. Default 1. */
  readonly weight?: number;
  /** How long the work on a shard may go on after it is to be handed over, ms. Default 10,000. */
  readonly drainMs?: number;
  /** Name shown to others. Default: the session's id. */
  readonly id?: string;
  /** What others see of who owns a shard, such as an address. Default empty. */
  readonly value?: string;
}

/** A shard that is owned. */
export interface Shard extends Held {
  /** From 0. */
  readonly id: number;
  /**
   * Fires when the shard is to be handed over: finish, and return. After `drainMs` it is given up in any case, and
   * `signal` fires; whoever is next begins only then.
   */
  readonly draining: AbortSignal;
}

export interface ShardOwner {
  readonly id: string;
  readonly value: string;
  readonly epoch: number;
}

/** By the shard's id, in no order; without those that nobody owns. */
export type ShardMap = ReadonlyMap<number, ShardOwner>;

/** So many shards, spread over whoever takes part: each with one owner at a time. */
export interface Shards {
  readonly name: string;
  readonly count: number;
  /**
   * Takes part: calls `fn` with each shard that it comes to own. When `fn` returns, a shard that is draining is given
   * up, any other is owned on; when its signal fired, it is owned again only once `fn` has settled. Ends when `signal`
   * fires (resolves; all shards are drained and given up before), when the session ends or `fn` throws for a shard it
   * owns (rejects; what it owned is drained and given up).
   * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` when those who take part already count another number of shards
   */
  run(fn: (shard: Shard) => Promise<void> | void, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * The shard that a key belongs to: the same everywhere and always for one `count`.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` for what is no text
   */
  of(key: string): number;
  /** Null when nobody owns it. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
  owner(shard: number, options?: ReadOptions): Promise<ShardOwner | null>;
  map(options?: ReadOptions): Promise<ShardMap>;
  /**
   * The map now, then after every change, in order. Short-lived states may be skipped, never the last. Ends when `signal`
   * fires or the session is closed; throws `ERR_FLOTILLA_SESSION_EXPIRED` when it is lost.
   */
  observe(options?: Pick<CallOptions, "signal">): AsyncIterable<ShardMap>;
}
