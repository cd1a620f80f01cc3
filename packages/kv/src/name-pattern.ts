import { limits } from "./limits.ts";

/** Names of nodes, with `*` for any characters, also none: `worker-*`, `*.lock`. */
export class NamePattern {
  readonly #first: string;
  readonly #middle: readonly string[];
  /** Null without a `*`. */
  readonly #last: string | null;

  /** @param pattern one that {@link isNamePattern} takes */
  constructor(pattern: string) {
    const [first = "", ...rest] = pattern.split("*");
    this.#first = first;
    this.#last = rest.pop() ?? null;
    this.#middle = rest;
  }

  /** True when the whole name fits. Costs at most by the product of both lengths. */
  fits(name: string): boolean {
    if (this.#last === null) return name === this.#first;
    if (!name.startsWith(this.#first)) return false;
    let at = this.#first.length;
    for (const part of this.#middle) {
      const found = name.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return name.length - this.#last.length >= at && name.endsWith(this.#last);
  }
}

/** True for what a `NamePattern` is made of: 1 to 256 characters, no slash, at most eight `*`. */
export function isNamePattern(pattern: string): boolean {
  if (typeof pattern !== "string" || pattern.length === 0) return false;
  if (pattern.length > limits.patternCharacters || pattern.includes("/")) return false;
  return pattern.split("*").length - 1 <= limits.patternStars;
}
