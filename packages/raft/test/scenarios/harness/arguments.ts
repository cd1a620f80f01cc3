import { ScenarioError } from "./script.ts";

/** The words behind a command's name: plain ones are taken in order, `key=value` ones by name. */
export class Arguments {
  readonly #words: string[] = [];
  readonly #options = new Map<string, string>();

  constructor(words: readonly string[]) {
    for (const word of words) {
      const [, key, value] = /^([a-z-]+)=(.*)$/.exec(word) ?? [];
      if (key === undefined || value === undefined) this.#words.push(word);
      else this.#options.set(key, value);
    }
  }

  /** The next plain word, or undefined. */
  word(): string | undefined {
    return this.#words.shift();
  }

  /** The next plain word. */
  need(what: string): string {
    return this.word() ?? refuse(`${what} is missing`);
  }

  /** The next plain word as a count; `otherwise` when there is none. */
  count(otherwise: number): number {
    return toCount(this.word(), otherwise);
  }

  /** All plain words left. */
  rest(): string[] {
    return this.#words.splice(0);
  }

  /** True when the next plain word is this one, which is then taken. */
  flag(word: string): boolean {
    if (this.#words[0] !== word) return false;
    this.#words.shift();
    return true;
  }

  option(key: string): string | undefined {
    const value = this.#options.get(key);
    this.#options.delete(key);
    return value;
  }

  optionCount(key: string): number | undefined {
    const value = this.option(key);
    return value === undefined ? undefined : toCount(value, 0);
  }

  /** Refuses whatever no command asked for. */
  end(): void {
    const left = [...this.#words, ...this.#options.keys()];
    if (left.length > 0) refuse(`not understood: ${left.join(" ")}`);
  }
}

function toCount(word: string | undefined, otherwise: number): number {
  if (word === undefined) return otherwise;
  return /^\d+$/.test(word) ? Number(word) : refuse(`${word} is no count`);
}

function refuse(message: string): never {
  throw new ScenarioError(message);
}
