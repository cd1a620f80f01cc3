import { FlotillaError } from "../errors.ts";
import type { Random } from "../random.ts";

/** What a whole simulated world is drawn from. */
export type Seed = number | string;

/** Randomness that depends on nothing but its key and how often it was drawn. */
export interface KeyedRandom extends Random {
  /** An independent stream; neither disturbs the other. */
  fork(label: string): KeyedRandom;
  /** True with the given probability. Draws once, whatever the probability. */
  chance(probability: number): boolean;
}

/** One keyed stream, drawn by position. */
export interface KeyedStream {
  /** Uniform integer in [0, 2^32) for a position. */
  at(counter: number): number;
}

const two32 = 0x1_0000_0000;

function finalize(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** 32-bit hash of a text. */
export function hashText(text: string, basis: number): number {
  let h = basis | 0;
  for (let i = 0; i < text.length; i += 1) {
    h = Math.imul(h ^ text.charCodeAt(i), 0x0100_0193);
    h = (h << 13) | (h >>> 19);
  }
  return finalize(h ^ text.length);
}

/** The stream of a seed and a name. */
export function keyedStream(seed: Seed, stream: string): KeyedStream {
  const key = `${typeof seed}:${String(seed)}/${stream}`;
  const a = hashText(key, 0x811c_9dc5);
  const b = hashText(key, 0x2545_f491);
  return {
    at(counter: number): number {
      const low = counter >>> 0;
      const high = Math.floor(counter / two32) >>> 0;
      const first = finalize((low ^ a) + Math.imul(high, 0x27d4_eb2f));
      return finalize(first + Math.imul(low, 0x9e37_79b1) + b);
    },
  };
}

/** Uniform 32-bit integer of (seed, stream, counter). */
export function hash(seed: Seed, stream: string, counter: number): number {
  return keyedStream(seed, stream).at(counter);
}

/** A `Random` over one keyed stream. */
export function keyedRandom(seed: Seed, stream: string): KeyedRandom {
  const keyed = keyedStream(seed, stream);
  let counter = 0;
  const u32 = (): number => {
    counter += 1;
    return keyed.at(counter);
  };
  const float = (): number => {
    const high = u32() >>> 5;
    const low = u32() >>> 6;
    return (high * 0x400_0000 + low) / 0x20_0000_0000_0000;
  };
  const below = (limit: number): number => {
    if (!Number.isInteger(limit) || limit < 1 || limit > two32) {
      throw new FlotillaError(
        "ERR_FLOTILLA_BAD_ARGUMENT",
        `below() takes an integer from 1 to 2^32, got ${String(limit)}`,
      );
    }
    const bound = two32 - (two32 % limit);
    let drawn = u32();
    while (drawn >= bound) drawn = u32();
    return drawn % limit;
  };
  const bytes = (length: number): Uint8Array => {
    const result = new Uint8Array(length);
    for (let i = 0; i < length; i += 1) result[i] = u32() & 0xff;
    return result;
  };
  return {
    u32,
    below,
    float,
    bytes,
    chance: (probability) => float() < probability,
    fork: (label) => keyedRandom(seed, `${stream}/${label}`),
  };
}
