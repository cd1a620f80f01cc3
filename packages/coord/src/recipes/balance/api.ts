import type { CallOptions } from "../../client/read-api.ts";
import type { Instance, InstanceFilter } from "../registry/api.ts";

/** Someone who may be picked. */
export interface Candidate {
  readonly instance: Instance;
  /** Pieces of work that `use` of this balancer has under way there. */
  readonly busy: number;
}

/**
 * Picks one of several, never none; they come sorted by id. Anything but one of them is refused with
 * `ERR_FLOTILLA_BAD_ARGUMENT`. `key` stands for whatever work belongs together. Called in
 * the turn of `pick`.
 */
export type Picker = (candidates: readonly [Candidate, ...Candidate[]], key: string) => Candidate;

/**
 * - `round-robin`: one after the other, whatever their weights.
 * - `weighted`: in turn, each as often as its weight says, well mixed.
 * - `random`: by chance, as often as its weight says.
 * - `two-choices`: whoever has less to do for its weight, of two that are drawn by weight; of equals the first drawn.
 * - `least-busy`: whoever has the least to do for its weight; of equals each as often as its weight says.
 * - `consistent-hash`: the same one for the same key; when one comes or goes, only its own keys move.
 * - `sticky`: the same one for the same key for as long as it can be picked.
 */
export type Strategy =
  | "round-robin"
  | "weighted"
  | "random"
  | "two-choices"
  | "least-busy"
  | "consistent-hash"
  | "sticky";

export interface OutlierOptions {
  /** So many failures in a row eject an instance. Default 5. */
  readonly failures?: number;
  /**
   * For so long, ms, times the number of ejections in a row, whatever succeeds there meanwhile that was begun before. A new
   * registration under the same id begins anew. Default 10,000.
   */
  readonly ejectMs?: number;
  /** At most this share of all instances. Default 0.5. */
  readonly maxShare?: number;
}

export interface BalanceOptions extends Omit<InstanceFilter, "states" | "zone"> {
  /** Default `two-choices`. */
  readonly pick?: Strategy | Picker;
  /** Those in this zone first, others when none of them can be picked. */
  readonly zone?: string;
  /** When instances whose work fails are left out for a while. */
  readonly outliers?: OutlierOptions;
  /** Ends the arming. */
  readonly signal?: AbortSignal;
  /** Bounds the arming, ms. Default 15,000. */
  readonly timeoutMs?: number;
}

export interface PickOptions {
  /** For `consistent-hash` and `sticky`. Default empty. */
  readonly key?: string;
}

export interface UseOptions extends CallOptions, PickOptions {
  /** How many instances to try in all, each once. Default 2. */
  readonly tries?: number;
  /** Whether another one may do better. What it throws, or a promise that it returns rejects with, ends the call. Default: always. */
  readonly retry?: (error: unknown) => Promise<boolean> | boolean;
}

/**
 * Picks instances of one service out of a set that it keeps up to date. Those that pass come first, then those that
 * warn, then those with a weight of 0 in the same order; the others are never picked. While there is no server at hand it
 * goes on with what it knew last.
 */
export interface Balancer extends AsyncDisposable {
  readonly name: string;
  /** All that are known, whatever their state. */
  readonly instances: readonly Instance[];
  /** What it knows may be old: its session is not connected, or it follows no more: closed, or without its watch. */
  readonly isStale: boolean;
  /** Null when there is nobody to pick. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` when its own picker picks nobody */
  pick(options?: PickOptions): Instance | null;
  /**
   * Picks one and has it work; when that fails, another one. The work must bear to be begun twice. Its signal fires with
   * the caller's and after `timeoutMs`, which bounds all tries together (default: no bound).
   * @throws FlotillaError `ERR_FLOTILLA_UNREACHABLE` when there is nobody to pick, `ERR_FLOTILLA_TIMEOUT`,
   * `ERR_FLOTILLA_ABORTED`, `ERR_FLOTILLA_BAD_ARGUMENT`; else what the last try threw
   */
  use<T>(fn: (instance: Instance, signal: AbortSignal) => Promise<T> | T, options?: UseOptions): Promise<T>;
  /**
   * Resolves once that many pass or warn, by default one; waits 15 s by default.
   * @throws FlotillaError `ERR_FLOTILLA_TIMEOUT`, `ERR_FLOTILLA_ABORTED`, `ERR_FLOTILLA_BAD_ARGUMENT`; `ERR_FLOTILLA_CLOSED`
   *   once it is closed, and what ended its watch or its session
   */
  ready(min?: number, options?: CallOptions): Promise<void>;
  /** Follows no more. Idempotent. */
  close(): void;
}
