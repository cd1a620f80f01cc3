import type { WriteOptions } from "../client/api.ts";
import type { CallOptions, ReadOptions } from "../client/read-api.ts";

/** A number that many change at once; every change is one command. A safe integer, 0 before the first. */
export interface Counter {
  readonly name: string;
  /** Its node, which holds it as decimal text. */
  readonly path: string;
  /**
   * Adds, and tells what the number is then. Counts once, over any number of reconnects and new leaders: a call that ends
   * with `ambiguous` has counted or will have, unless the session ends first, and is not to be repeated in this session.
   * @throws FlotillaError `ERR_FLOTILLA_LIMIT` beyond ±(2^53 - 1), `ERR_FLOTILLA_BAD_VALUE` when the node holds no number,
   * `ERR_FLOTILLA_BAD_ARGUMENT`; what a write throws
   */
  add(by?: number, options?: WriteOptions): Promise<number>;
  /** @throws FlotillaError `ERR_FLOTILLA_BAD_VALUE` when the node holds no number */
  get(options?: ReadOptions): Promise<number>;
}

export interface IdsOptions {
  /** The first id. Default 1. */
  readonly start?: number;
  /**
   * How many are reserved at once, 1 to 1,000,000; those of a block that nobody asked for are never used by anybody else.
   * Default 1.
   */
  readonly block?: number;
}

/** Numbers that are handed out once each, to whoever asks. */
export interface Ids {
  readonly name: string;
  /** Its node, which holds how many were reserved. */
  readonly path: string;
  /**
   * The next id, of a block that the cluster has committed to this handle. With blocks of 1 a call that begins after
   * another one ended has the higher id, whoever makes them; with larger ones only within a handle.
   * @throws FlotillaError `ERR_FLOTILLA_LIMIT` when there are no more, `ERR_FLOTILLA_BAD_VALUE` when the node holds no
   * number; what a write throws
   */
  next(options?: CallOptions): Promise<number>;
  /** So many ids in a row, reserved by one command of its own: from the first up to and without `end`. */
  take(count: number, options?: WriteOptions): Promise<{ readonly first: number; readonly end: number }>;
}
