/** What one connection can do in a workload; every call is one operation on the key of that number. */
export interface LoadClient {
  /** Makes the key. */
  create(key: number): Promise<void>;
  /** Sets the value, durable on a majority before it resolves. */
  set(key: number): Promise<void>;
  /** Reads as of some moment between call and answer. */
  get(key: number): Promise<void>;
  /** Reads what the server at hand has. */
  getLocal(key: number): Promise<void>;
  close(): Promise<void>;
}

export const keyCount = 10_000;
export const valueBytes = 256;

/** The value of every write: the same bytes for every system. */
export const value: Uint8Array = Uint8Array.from({ length: valueBytes }, (_, k) => (k * 31 + 7) & 0xff);

/**
 * A read must find a whole value: a benchmark of wrong answers is none.
 * @throws Error
 */
export function checkValueLength(length: number | undefined): void {
  if (length !== valueBytes) throw new Error(`a read found ${length ?? "no"} bytes instead of ${valueBytes}`);
}

/** The eight-digit name of a key. */
export function keyName(key: number): string {
  return `k${String(key).padStart(7, "0")}`;
}
