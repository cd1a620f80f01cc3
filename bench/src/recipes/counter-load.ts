import { setTimeout as pause } from "node:timers/promises";
import type { CounterClient } from "./counter-client.ts";
import { openCounter } from "./counter-client.ts";
import type { CounterJob, RecipeAnswers } from "./requests.ts";

class Additions {
  /** Those that were answered. */
  count = 0;
  #stopped = false;

  stop(): void {
    this.#stopped = true;
  }

  /** One after the other. */
  async make(client: CounterClient): Promise<void> {
    while (!this.#stopped) {
      await client.add();
      this.count += 1;
    }
  }
}

/**
 * All clients add all the time; counts how often it was done.
 * @throws Error when the number is another than that of the additions: a benchmark of no counter is none
 */
export async function addUp(job: CounterJob): Promise<RecipeAnswers["counter"]> {
  const { system, ports, clients, warmUpMs, measureMs } = job;
  const open = await Promise.all(
    Array.from({ length: clients }, (_, k) => openCounter(system, ports[k % ports.length] ?? 0)),
  );
  const [first] = open;
  const before = (await first?.total()) ?? 0;
  const all = new Additions();
  const ended = Promise.all(open.map((client) => all.make(client))).finally(() => all.stop());
  await Promise.race([pause(warmUpMs), ended]);
  const warm = all.count;
  const from = performance.now();
  await Promise.race([pause(measureMs), ended]);
  const additions = all.count - warm;
  const elapsedMs = performance.now() - from;
  all.stop();
  await ended;
  await Promise.all(open.slice(1).map((client) => client.close()));
  const after = (await first?.total()) ?? 0;
  await first?.close();
  if (system === "flotilla" && after - before !== all.count)
    throw new Error("an addition was lost, or counted twice");
  return { additions, elapsedMs };
}
