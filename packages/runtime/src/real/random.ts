import { randomFillSync } from "node:crypto";
import type { Random } from "../random.ts";

const poolBytes = 4096;

class RealRandom implements Random {
  readonly #pool = Buffer.alloc(poolBytes);
  #used = poolBytes;

  u32(): number {
    if (this.#used + 4 > poolBytes) this.#refill();
    const value = this.#pool.readUInt32LE(this.#used);
    this.#used += 4;
    return value;
  }

  /** Draws again above the largest multiple of the limit, so that no value is favoured. */
  below(limit: number): number {
    const fair = 2 ** 32 - (2 ** 32 % limit);
    for (;;) {
      const value = this.u32();
      if (value < fair) return value % limit;
    }
  }

  float(): number {
    return ((this.u32() >>> 5) * 2 ** 26 + (this.u32() >>> 6)) / 2 ** 53;
  }

  /** Not from the pool: a secret must not lie about in memory that is handed out again. */
  bytes(length: number): Uint8Array {
    return randomFillSync(new Uint8Array(length));
  }

  #refill(): void {
    randomFillSync(this.#pool);
    this.#used = 0;
  }
}

/** The system's cryptographic randomness. */
export function realRandom(): Random {
  return new RealRandom();
}
