/** One change of an atomic batch. */
export type StoreWrite =
  | { readonly type: "put"; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: "delete"; readonly key: Uint8Array };

/** Keys from `from` (included) to `to` (excluded), in byte order. */
export interface StoreRange {
  readonly from?: Uint8Array;
  readonly to?: Uint8Array;
}

/**
 * A small ordered key-value store. The first failure of any kind poisons it: every later call rejects
 * with `ERR_FLOTILLA_STORAGE`, because a store that failed once may lose what it later acknowledges
 * (measured on LevelDB, which latches sync errors but not write errors).
 */
export interface Store extends AsyncDisposable {
  /** One atomic batch, durable when it resolves. Batches are written one after the other, and none after a failure. */
  write(batch: readonly StoreWrite[]): Promise<void>;
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  getSync(key: Uint8Array): Uint8Array | undefined;
  /** A consistent view as of the call, in key order. */
  entries(range: StoreRange): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]>;
  /**
   * Deletes lazily and unsynced, in steps between which batches are written: after a crash any part of it may be undone,
   * and what is put there before it resolves may be deleted with the rest.
   */
  clear(range: StoreRange): Promise<void>;
  /** Waits for calls under way. Idempotent. */
  close(): Promise<void>;
}

/**
 * A file held open. The caller keeps one call under way. Failures reject with `ERR_FLOTILLA_STORAGE`, whose details give
 * the system's code as `reason` where there is one.
 */
export interface OpenFile {
  /** Overwrites bytes in place; beyond the end the gap is zeros. Not durable before `sync`. */
  writeAt(offset: number, bytes: Uint8Array): Promise<void>;
  /** Makes content and directory entry durable. */
  sync(): Promise<void>;
  /** Nothing may be called after it. */
  close(): Promise<void>;
}

/** Plain files by relative name, `/`-separated, within the node's own directory. Failures reject with `ERR_FLOTILLA_STORAGE`. */
export interface Files {
  /** The whole file, or undefined when there is none. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** At most `length` bytes from `offset` on, fewer at the end; undefined when there is no file. */
  readAt(name: string, offset: number, length: number): Promise<Uint8Array | undefined>;
  /** Adds bytes at the end, creating file and folders; not durable before `sync`. */
  append(name: string, bytes: Uint8Array): Promise<void>;
  /** Keeps a file open for writing in place, creating it. Nothing else writes, renames or removes it meanwhile. */
  open(name: string): Promise<OpenFile>;
  /** Makes content and directory entry durable. */
  sync(name: string): Promise<void>;
  /** Replaces the whole file: after a crash either the old or the new content is there. Durable when it resolves. */
  replace(name: string, bytes: Uint8Array): Promise<void>;
  /** Renames durably, replacing the target. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; nothing happens when there is none. */
  remove(name: string): Promise<void>;
  /** Names of the files directly in a folder, sorted; empty when there is none. */
  list(folder: string): Promise<string[]>;
}

/** The node's own directory. One process at a time may use it. */
export interface Disk {
  /**
   * Opens or creates a store.
   * @throws FlotillaError `ERR_FLOTILLA_LOCKED` when another process holds it, `ERR_FLOTILLA_DAMAGED` when it is not whole,
   * `ERR_FLOTILLA_STORAGE` otherwise
   */
  openStore(name: string): Promise<Store>;
  readonly files: Files;
}
