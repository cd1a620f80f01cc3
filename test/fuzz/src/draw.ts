import { hash } from "@flotilla/runtime/sim";

/** Randomness of one shard, fast, from a seed and a name: the same two always give the same draws. */
export class Draw {
  #state: number;

  constructor(seed: number, stream: string) {
    this.#state = hash(seed, stream, 0);
  }

  /** Uniform integer in [0, 2^32). SplitMix32. */
  u32(): number {
    this.#state = (this.#state + 0x9e37_79b9) | 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0_aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a_2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  /** Integer in [0, limit). */
  below(limit: number): number {
    return Math.floor((this.u32() / 2 ** 32) * limit);
  }

  /** Integer in [least, most]. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.below(items.length)] ?? items[0];
  }

  bytes(length: number): Uint8Array {
    const result = new Uint8Array(length);
    for (let k = 0; k < length; k += 1) result[k] = this.u32();
    return result;
  }
}
