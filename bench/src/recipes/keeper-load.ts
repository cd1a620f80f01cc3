import type { KeptWorker, Slot } from "@flotilla/coord";
import { connect, processDriver } from "@flotilla/coord";
import { Participant } from "./participants.ts";
import type { KeeperJob, RecipeAnswers } from "./requests.ts";

const sessionTtlMs = 2_000;

/** Workers that are processes, of one keeper. */
class Workers {
  readonly #running = new Map<number, KeptWorker>();
  readonly #driver = processDriver(["sleep", "1000"], { env: process.env });
  #started: () => void = () => {};

  readonly start = (slot: Slot): KeptWorker => {
    const worker = this.#driver(slot);
    this.#running.set(slot.index, worker);
    void worker.ended.then(() => {
      if (this.#running.get(slot.index) === worker) this.#running.delete(slot.index);
    });
    this.#started();
    return worker;
  };

  /** Resolves with the time, ms, at which so many run. */
  until(count: number): Promise<number> {
    return new Promise((resolve) => {
      this.#started = () => {
        if (this.#running.size === count) resolve(performance.now());
      };
      this.#started();
    });
  }

  /** Resolves with the time, ms, once one is dead. */
  async killOne(): Promise<number> {
    const [first] = this.#running.values();
    const killedMs = performance.now();
    first?.kill();
    await first?.ended;
    return killedMs;
  }
}

/** Workers are killed one after the other, then a member that keeps half of them. */
export async function replace(job: KeeperJob): Promise<RecipeAnswers["keeper"]> {
  const { ports, replicas, rounds, lostRounds } = job;
  const coord = await connect({ endpoints: ports.map((port) => `127.0.0.1:${port}`) });
  const workers = new Workers();
  const stop = new AbortController();
  // Each of them has run for long enough.
  const restarts = { steadyMs: 0, budget: 10_000 };
  const options = { replicas, driver: workers.start, restarts, drainMs: 1_000 };
  const running = coord.keeper("bench", options).run({ signal: stop.signal });
  await workers.until(replicas);
  const sameMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const killedMs = await workers.killOne();
    sameMs.push((await workers.until(replicas)) - killedMs);
  }
  const lostMs: number[] = [];
  for (let round = 0; round < lostRounds; round += 1) {
    const mortal = await Participant.start({
      kind: "keeper",
      ports,
      name: "bench",
      count: replicas,
      sessionTtlMs,
    });
    const killedMs = performance.now();
    await mortal.kill();
    lostMs.push((await workers.until(replicas)) - killedMs - sessionTtlMs);
  }
  stop.abort();
  await running;
  await coord.close();
  return { sameMs, lostMs };
}
