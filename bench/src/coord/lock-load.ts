import { setImmediate as turn, setTimeout as pause } from "node:timers/promises";
import { FlotillaClient } from "../clients/flotilla.ts";
import type { HistogramData } from "../load/histogram.ts";
import { Histogram } from "../load/histogram.ts";
import type { LockClient } from "../clients/lock.ts";
import { openLock } from "../clients/lock.ts";
import type { AloneJob, CoordAnswers, TurnsJob } from "./requests.ts";

async function timed(work: () => Promise<void>, forMs: number): Promise<HistogramData> {
  const histogram = new Histogram();
  const until = performance.now() + forMs;
  for (let begun = performance.now(); begun < until; begun = performance.now()) {
    await work();
    histogram.record(performance.now() - begun);
  }
  return histogram.toData();
}

/** A lock runs more code than a write, and each piece of it less often: both are measured once they are compiled. */
const aloneWarmUpMs = 5_000;

/** Locks and writes by turns, one after the other. */
export async function alone({ port, rounds, measureMs }: AloneJob): Promise<CoordAnswers["alone"]> {
  const client = await openLock("flotilla", port);
  const writer = await FlotillaClient.open(port);
  await writer.createRoot();
  await writer.create(0);
  const lock: HistogramData[] = [];
  const write: HistogramData[] = [];
  const locking = async (): Promise<void> => (await client.acquire())();
  const writing = (): Promise<void> => writer.set(0);
  await timed(locking, aloneWarmUpMs);
  await timed(writing, aloneWarmUpMs);
  for (let round = 0; round < rounds; round += 1) {
    lock.push(await timed(locking, measureMs));
    write.push(await timed(writing, measureMs));
  }
  await Promise.all([client.close(), writer.close()]);
  return { lock, write };
}

class Turns {
  readonly wait: Histogram = new Histogram();
  #measuring = false;
  #stopped = false;
  #holders = 0;

  measure(): void {
    this.#measuring = true;
  }

  stop(): void {
    this.#measuring = false;
    this.#stopped = true;
  }

  /** One turn after the other. @throws Error when two hold at once: a benchmark of no lock is none */
  async take(client: LockClient): Promise<void> {
    while (!this.#stopped) {
      const begun = performance.now();
      const release = await client.acquire();
      this.#holders += 1;
      if (this.#measuring) this.wait.record(performance.now() - begun);
      await turn();
      if (this.#holders > 1) throw new Error("two hold one lock");
      this.#holders -= 1;
      await release();
    }
  }
}

/** All clients want the lock all the time; counts how often it is handed over. */
export async function turns(job: TurnsJob): Promise<CoordAnswers["turns"]> {
  const { system, ports, clients, warmUpMs, measureMs } = job;
  const open = await Promise.all(
    Array.from({ length: clients }, (_, k) => openLock(system, ports[k % ports.length] ?? 0)),
  );
  const all = new Turns();
  const ended = Promise.all(open.map((client) => all.take(client))).finally(() => all.stop());
  await Promise.race([pause(warmUpMs), ended]);
  all.measure();
  const from = performance.now();
  await Promise.race([pause(measureMs), ended]);
  all.stop();
  const elapsedMs = performance.now() - from;
  await ended;
  await Promise.all(open.map((client) => client.close()));
  return { handOvers: all.wait.count, elapsedMs, wait: all.wait.toData() };
}
