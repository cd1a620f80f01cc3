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

/** The eight-digit name of a key. */
export function keyName(key: number): string {
  return `k${String(key).padStart(7, "0")}`;
}
