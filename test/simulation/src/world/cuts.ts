import type { SimNetwork } from "@flotilla/runtime/sim";

/** Cuts of links that several faults may want at once: a link heals when the last of them is over. */
export class Cuts {
  readonly #network: SimNetwork;
  readonly #counts = new Map<string, number>();

  constructor(network: SimNetwork) {
    this.#network = network;
  }

  /** Cuts these ways; returns how to take it back. */
  cut(ways: readonly (readonly [from: string, to: string])[]): () => void {
    for (const [from, to] of ways) this.#change(from, to, 1);
    return () => {
      for (const [from, to] of ways) this.#change(from, to, -1);
    };
  }

  #change(from: string, to: string, by: number): void {
    const key = `${from}>${to}`;
    const before = this.#counts.get(key) ?? 0;
    const after = before + by;
    this.#counts.set(key, after);
    if (before === 0 && after > 0) this.#network.cut(from, to);
    if (before > 0 && after === 0) this.#network.heal(from, to);
  }
}

/** Both ways between every one of `a` and every one of `b`. */
export function bothWays(a: readonly string[], b: readonly string[]): [string, string][] {
  return a.flatMap((one) =>
    b
      .filter((other) => other !== one)
      .flatMap((other): [string, string][] => [
        [one, other],
        [other, one],
      ]),
  );
}
