import type { Fence, MultiItem } from "../../client/api.ts";
import type { CallOptions, ReadOptions } from "../../client/read-api.ts";
import type { StandardSchema } from "../../client/schema.ts";

export interface ConfigOptions<In, Out> {
  /**
   * Judges every version before it is committed, as it will be read, and what is read, of which it makes what the reader
   * gets. A version is stored as it was given, as JSON.
   */
  readonly schema: StandardSchema<In, Out>;
  /** How many versions are kept, the latest among them, 1 to 1,000; whoever writes decides. Default 100. */
  readonly history?: number;
  /** Who writes, as others see it, at most 255 characters. Default: the session's id. */
  readonly by?: string;
}

export interface ConfigVersion<T> {
  /** 1, 2, 3 and so on, without gaps, and each made once: also after somebody put an earlier one back by hand. */
  readonly version: number;
  readonly value: T;
  /** That committed it. */
  readonly revision: number;
  readonly by: string;
  /** Leader's wall time, ms since the epoch. */
  readonly atMs: number;
  /** Why, in the words of who wrote it. */
  readonly note: string;
  /** The version that it brought back; null for any other. */
  readonly restored: number | null;
}

export interface ConfigWriteOptions extends CallOptions {
  /** Only while this is the latest version; 0: only as the first. Else `ERR_FLOTILLA_BAD_VERSION`. Default: after any. */
  readonly version?: number;
  /** Why, at most 1,000 characters. Default empty. */
  readonly note?: string;
  /** Write only while this grant stands, judged by the tree itself. */
  readonly fence?: Fence;
}

export interface ConfigHistoryOptions extends ReadOptions {
  /** Versions before this one. Default: from the latest. */
  readonly before?: number;
  /** 1 to 1,000, the default. */
  readonly limit?: number;
}

export interface ConfigWatchOptions {
  readonly signal?: AbortSignal;
  /**
   * Called for a version that does not fit this process's schema; the iteration goes on with the next that does. Default:
   * it ends with the error. A promise that it returns is waited for; what it throws, or that promise rejects with, ends the
   * iteration too.
   */
  readonly onUnfit?: (error: unknown) => unknown;
}

/** What differs between two versions at one place. */
export interface ConfigDifference {
  /** Keys and indexes that lead there; empty: all of it. */
  readonly path: readonly (string | number)[];
  readonly type: "added" | "removed" | "changed";
  /** Undefined where it was added. */
  readonly before: unknown;
  /** Undefined where it was removed. */
  readonly after: unknown;
}

/** A document that many read and follow: each change is a version of all of it, committed as a whole or not at all. */
export interface Config<In, Out = In> {
  readonly name: string;
  /** Its node, which holds the latest version; its children are the versions that are kept. */
  readonly path: string;
  /** The latest version; null before the first. @throws FlotillaError `ERR_FLOTILLA_BAD_VALUE` when it does not fit */
  get(options?: ReadOptions): Promise<ConfigVersion<Out> | null>;
  /**
   * Makes a value the next version: up to 768 KiB as JSON.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_VALUE` before anything is sent, `ERR_FLOTILLA_BAD_VERSION`,
   *   `ERR_FLOTILLA_TOO_LARGE`, `ERR_FLOTILLA_BAD_ARGUMENT`; what a write throws
   */
  set(value: In, options?: ConfigWriteOptions): Promise<ConfigVersion<Out>>;
  /**
   * Makes what `change` returns the next version after the one it was given, null before the first; calls it again when
   * somebody else was quicker. What `change` waits for has no time but that of the call, where it is given one; it ends
   * with the session.
   * @throws FlotillaError as `set`; what `change` throws
   */
  update(
    change: (value: Out | null) => In | Promise<In>,
    options?: Omit<ConfigWriteOptions, "version">,
  ): Promise<ConfigVersion<Out>>;
  /**
   * What makes a value the next version as part of a `multi`, such as together with that of another config. That fails
   * with `ERR_FLOTILLA_FENCED` or `ERR_FLOTILLA_EXISTS` when somebody else was quicker.
   * @throws FlotillaError as `set`
   */
  draft(value: In, options?: ConfigWriteOptions): Promise<readonly MultiItem[]>;
  /** The versions that are kept, the latest first, as they were stored: the schema of today may not fit them. */
  history(options?: ConfigHistoryOptions): Promise<readonly ConfigVersion<unknown>[]>;
  /**
   * What became of one version in another, as they were stored, sorted by place.
   * @throws FlotillaError `ERR_FLOTILLA_NOT_FOUND` for a version that is not kept
   */
  diff(from: number, to: number, options?: ReadOptions): Promise<readonly ConfigDifference[]>;
  /**
   * Makes the value of a version that is kept the next version.
   * @throws FlotillaError `ERR_FLOTILLA_NOT_FOUND` when it is not kept; as `set`, also when it does not fit the schema any more
   */
  rollback(version: number, options?: ConfigWriteOptions): Promise<ConfigVersion<Out>>;
  /**
   * The latest version, if there is one, then every later one, in order. Whoever was away for too long, or reads too slowly,
   * misses versions but never the latest. Ends when `signal` fires or the session is closed.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_VALUE`, `ERR_FLOTILLA_SESSION_EXPIRED`
   */
  watch(options?: ConfigWatchOptions): AsyncIterable<ConfigVersion<Out>>;
}
