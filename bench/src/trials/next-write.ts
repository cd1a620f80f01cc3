import { setTimeout as pause } from "node:timers/promises";
import type { LoadClient } from "../clients/client.ts";
import { openClient } from "../clients/open.ts";
import type { LockSystem } from "../clients/lock.ts";
import type { NextWriteJob, TrialAnswers } from "./messages.ts";

/** How often each client sends a write, whatever became of those before. */
const everyMs = 10;
const mostUnderWay = 2_000;

/** A client that goes on writing, and connects anew whenever a write fails. */
export class Prober {
  readonly #open: () => Promise<LoadClient>;
  readonly #onWritten: (sentMs: number) => void;
  #client: LoadClient | null = null;
  #opening = false;
  #underWay = 0;

  constructor(open: () => Promise<LoadClient>, onWritten: (sentMs: number) => void) {
    this.#open = open;
    this.#onWritten = onWritten;
  }

  /** Sends the next write, or connects. */
  tick(): void {
    if (this.#client !== null) return this.#write(this.#client);
    if (this.#opening) return undefined;
    this.#opening = true;
    void this.#open()
      .then(
        (client) => void (this.#client = client),
        () => {},
      )
      .finally(() => {
        this.#opening = false;
      });
    return undefined;
  }

  #write(client: LoadClient): void {
    if (this.#underWay >= mostUnderWay) return;
    const sentMs = performance.now();
    this.#underWay += 1;
    void client
      .set(0)
      .then(
        () => this.#onWritten(sentMs),
        () => void (this.#client === client && (this.#client = null)),
      )
      .finally(() => {
        this.#underWay -= 1;
      });
  }
}

function probers(
  system: LockSystem,
  ports: readonly number[],
  onWritten: (port: number, sentMs: number) => void,
): readonly Prober[] {
  return ports.map(
    (port) =>
      new Prober(
        () => openClient(system, port),
        (sentMs) => onWritten(port, sentMs),
      ),
  );
}

/**
 * Hurts a server while clients write to others. Counts from the signal to the first acknowledgement of a write that
 * was sent after it, by whichever client: with a write every ten milliseconds from each, whatever became of the others.
 */
export async function nextWrite({
  system,
  ports,
  victim,
  signal,
}: NextWriteJob): Promise<TrialAnswers["next-write"]> {
  const steady = new Set<number>();
  const state = { hurtMs: Number.POSITIVE_INFINITY, ms: null as number | null };
  const all = probers(system, ports, (port, sentMs) => {
    steady.add(port);
    if (sentMs >= state.hurtMs) state.ms ??= performance.now() - state.hurtMs;
  });
  while (state.ms === null) {
    for (const each of all) each.tick();
    await pause(everyMs);
    if (steady.size === ports.length && state.hurtMs === Number.POSITIVE_INFINITY) {
      state.hurtMs = performance.now();
      process.kill(victim, signal);
    }
  }
  return { ms: state.ms };
}
