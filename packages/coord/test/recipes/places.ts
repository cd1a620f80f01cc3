import type { Kernel } from "@flotilla/runtime/sim";
import { expect } from "vitest";
import type { LockHold } from "../../src/recipes/lock-api.ts";
import type { Client, World } from "./world.ts";

interface Taken {
  readonly process: string;
  readonly object: string;
  readonly permits: number;
  readonly epoch: number;
  readonly fromMs: number;
  toMs: number;
}

/** Who believed to hold how much and when, by virtual time. */
export class Places {
  readonly #kernel: Kernel;
  readonly #taken: Taken[] = [];
  #lost = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Times somebody held. */
  get count(): number {
    return this.#taken.length;
  }

  /** A hold that was just handed out; it is believed until its signal fires. */
  add(process: string, object: string, permits: number, { epoch, signal, expiresIn }: LockHold): void {
    if (signal.aborted || expiresIn <= 0) this.#lost += 1;
    const fromMs = this.#kernel.nowMs;
    const toMs = signal.aborted ? fromMs : Number.POSITIVE_INFINITY;
    const taken = { process, object, permits, epoch, fromMs, toMs };
    this.#taken.push(taken);
    signal.addEventListener("abort", () => {
      taken.toMs = Math.min(taken.toMs, this.#kernel.nowMs);
    });
  }

  /** A process died, with all it believed. */
  died(process: string): void {
    for (const taken of this.#taken)
      if (taken.process === process) taken.toMs = Math.min(taken.toMs, this.#kernel.nowMs);
  }

  /** Fails unless no more was held at once than there is, later grants have later epochs, and none came too late. */
  check(object: string, places: number): void {
    expect(this.#lost).toBe(0);
    const ours = this.#taken.filter((taken) => taken.object === object);
    for (const { fromMs, epoch } of ours) {
      const together = ours.filter((other) => other.fromMs <= fromMs && other.toMs > fromMs);
      const sum = together.reduce((total, { permits }) => total + permits, 0);
      expect({ at: fromMs, held: together.length, within: sum <= places }).toMatchObject({ within: true });
      // Whoever was gone before this one was granted has an older epoch.
      for (const other of ours) if (other.toMs < fromMs) expect(other.epoch).toBeLessThan(epoch);
    }
  }
}

/** What stands below the name of a lock: the nodes in line and whether there is a record. */
export async function remains(
  world: World,
  { session }: Client,
  path: string,
): Promise<{ line: readonly string[]; record: boolean }> {
  const page = await world.until(session.children(`${path}/line`));
  const record = await world.until(session.exists(`${path}/grant`));
  return { line: page?.names ?? [], record: record !== null };
}

export const nothing = { line: [], record: false };
