/** What one connection can do in a workload; every call is one operation on the key of that number. */
export interface LoadClient {
  /** Makes the key. */
  create(key: number): Promise<void>;
  /** Makes several keys in one transaction. */
  createAll(keys: readonly number[]): Promise<void>;
  /** Sets the value, durable on a majority before it resolves. */
  set(key: number): Promise<void>;
  /** Reads as of some moment between call and answer. */
  get(key: number): Promise<void>;
  /** Reads what the server at hand has. */
  getLocal(key: number): Promise<void>;
  /** Makes a node that goes with this connection's session, with a number of its own, and deletes it. */
  ephemeral(): Promise<void>;
  close(): Promise<void>;
}

export const keyCount = 10_000;
export const valueBytes = 256;

/** A value of so many bytes: the same bytes for every system. */
export function valueOf(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, k) => (k * 31 + 7) & 0xff);
}

/** The value of every write unless another length is asked for. */
export const standardValue: Uint8Array = valueOf(valueBytes);

/** The value of nodes where very many are asked for. */
export const nodeValue: Uint8Array = valueOf(100);

/**
 * A read must find a whole value: a benchmark of wrong answers is none.
 * @throws Error
 */
export function checkValueLength(length: number | undefined, expected: number = valueBytes): void {
  if (length !== expected) throw new Error(`a read found ${length ?? "no"} bytes instead of ${expected}`);
}

/** Where all keys are. */
export const root = "/bench";

/** Of the keys that loads draw: what is measured is an operation, not the making of its path. */
const paths: readonly string[] = Array.from({ length: keyCount }, (_, key) => madePath(key));

/** `/bench/k` and seven digits; the same in every system. */
export function keyPath(key: number): string {
  return paths[key] ?? madePath(key);
}

/** Joined, which leaves a plain text: one that is put together is only copied when it is first looked at. */
function madePath(key: number): string {
  return [root, "/k", String(key).padStart(7, "0")].join("");
}
