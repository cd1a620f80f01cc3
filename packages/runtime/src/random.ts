/** Randomness as one node draws it. Keyed in simulation, from the system otherwise. */
export interface Random {
  /** Uniform integer in [0, 2^32). */
  u32(): number;
  /** Uniform integer in [0, limit). `limit` is between 1 and 2^32. */
  below(limit: number): number;
  /** Uniform float in [0, 1). */
  float(): number;
  /** `length` bytes, fit for secrets when the host is real. */
  bytes(length: number): Uint8Array;
}
