import { setMaxListeners } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import type { Coord, Queue } from "@flotilla/coord";
import { connect } from "@flotilla/coord";
import type { QueueJob, RecipeAnswers } from "./requests.ts";

/** Puts of a client that are under way at once. */
const puttingAtOnce = 16;
/** Items of a client that are worked on at once. */
const takingAtOnce = 16;
/** Items that wait in the queue at most: none of a size that no worker keeps up with. */
const mostWaiting = 2_000;
const tickMs = 1;
/** What the value of an item is filled up to, bytes. */
const padding = "x".repeat(240);

/** Items that were put and taken by all clients together. */
class Items {
  #put = 0;
  #stopped = false;
  readonly #taken = new Set<string>();

  get taken(): number {
    return this.#taken.size;
  }

  get isDrained(): boolean {
    return this.#stopped && this.#taken.size === this.#put;
  }

  stop(): void {
    this.#stopped = true;
  }

  async putting(queue: Queue<unknown>): Promise<void> {
    while (!this.#stopped) {
      if (this.#put - this.taken >= mostWaiting) {
        await pause(tickMs);
        continue;
      }
      this.#put += 1;
      await queue.put(`${this.#put} ${padding}`);
    }
  }

  /** @throws Error when an item is taken twice: a benchmark of no queue is none */
  take(value: unknown): void {
    const [key = ""] = String(value).split(" ");
    if (this.#taken.has(key)) throw new Error(`item ${key} was taken twice`);
    this.#taken.add(key);
  }
}

/** All clients put and take all the time; counts the items that went through. */
export async function passItems(job: QueueJob): Promise<RecipeAnswers["queue"]> {
  const { ports, clients, warmUpMs, measureMs } = job;
  const open: Coord[] = await Promise.all(
    Array.from({ length: clients }, (_, k) =>
      connect({ endpoints: [`127.0.0.1:${ports[k % ports.length] ?? 0}`] }),
    ),
  );
  const queues = open.map((coord) => coord.queue("bench"));
  const items = new Items();
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const failure = new AbortController();
  const failed = new Promise<never>((_, reject) => {
    failure.signal.addEventListener("abort", () => reject(failure.signal.reason));
  });
  const consuming = queues.map((queue) =>
    queue.consume(({ value }) => items.take(value), {
      signal: stop.signal,
      concurrency: takingAtOnce,
      onError: (error) => failure.abort(error),
    }),
  );
  const putting = queues.flatMap((queue) =>
    Array.from({ length: puttingAtOnce }, () => items.putting(queue)),
  );
  const ended = Promise.all([...putting, ...consuming]);
  const orEnded = (ms: number): Promise<unknown> => Promise.race([pause(ms), ended, failed]);
  await orEnded(warmUpMs);
  const warm = items.taken;
  const from = performance.now();
  await orEnded(measureMs);
  const passed = items.taken - warm;
  const elapsedMs = performance.now() - from;
  items.stop();
  await Promise.all(putting);
  while (!items.isDrained) await orEnded(tickMs);
  stop.abort();
  await ended;
  await Promise.all(open.map((coord) => coord.close()));
  return { items: passed, elapsedMs };
}
