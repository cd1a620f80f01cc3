import type { Resolution } from "@flotilla/history";
import type { Index } from "@flotilla/raft";
import { toNs } from "../actors/lease-book.ts";
import type { Findings } from "../world/findings.ts";
import type { RegisterAnswer } from "./register-machine.ts";

interface Effect {
  readonly index: Index;
  /** Of its first apply anywhere. */
  readonly atMs: number;
  readonly answer: RegisterAnswer;
}

/** What was asked of registers without the product, and what the log made of it where it was applied first. */
export class RegisterBook {
  readonly #nowMs: () => number;
  readonly #findings: Findings;
  readonly #effects = new Map<string, Effect>();
  /** Ids of commands by the operation of the history. */
  readonly #commands = new Map<number, string>();
  #lastIndex: Index = 0;

  constructor(nowMs: () => number, findings: Findings) {
    this.#nowMs = nowMs;
    this.#findings = findings;
  }

  /** A command is about to be proposed. */
  asked(opId: number, command: string): void {
    this.#commands.set(opId, command);
  }

  /** A member applied it. */
  applied(index: Index, command: string, answer: RegisterAnswer): void {
    if (index <= this.#lastIndex) return;
    this.#lastIndex = index;
    const before = this.#effects.get(command);
    if (before !== undefined)
      this.#findings.now(
        "ExactlyOnce",
        `one proposal is in the log as entry ${before.index} and as ${index}`,
      );
    this.#effects.set(command, { index, atMs: this.#nowMs(), answer });
  }

  /** What the log says of a command; null when it is not in there. */
  effectOf(opId: number): Effect | null {
    return this.#effects.get(this.#commands.get(opId) ?? "") ?? null;
  }

  /** The fate of every operation that changes something, by its id. */
  resolutions(): Map<number, Resolution> {
    const found = new Map<number, Resolution>();
    for (const opId of this.#commands.keys()) {
      const effect = this.effectOf(opId);
      found.set(
        opId,
        typeof effect?.answer === "number"
          ? { applied: true, zxid: effect.index, at_ns: toNs(effect.atMs) }
          : { applied: false },
      );
    }
    return found;
  }
}
