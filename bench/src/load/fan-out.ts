import type { LockSystem } from "../clients/lock.ts";
import type { WatchingClient } from "../clients/watching.ts";
import { openWatching } from "../clients/watching.ts";
import { valueOf } from "../clients/client.ts";
import { Histogram } from "./histogram.ts";
import { measureInterval } from "./interval.ts";
import type { Measurable } from "./interval.ts";
import type { Job, LoadResult } from "./job.ts";

/** The deliveries of one change after the other to so many watchers. */
export class Deliveries {
  readonly #watchers: number;
  #number = 0;
  #missing = 0;
  #done: (atMs: number) => void = () => {};

  constructor(watchers: number) {
    this.#watchers = watchers;
  }

  /** Of the next change: its value begins with its number. Resolves with the moment of the last delivery. */
  next(value: Uint8Array): Promise<number> {
    this.#number += 1;
    this.#missing = this.#watchers;
    new DataView(value.buffer, value.byteOffset).setUint32(0, this.#number);
    return new Promise((done) => {
      this.#done = done;
    });
  }

  /**
   * One watcher was told; null: of a change, without its value.
   * @throws Error when it is not of the change under way, or more are told than there are
   */
  delivered(value: Uint8Array | null): void {
    if (value !== null) {
      if (value.length < 4) throw new Error("a watcher was told of no value");
      const number = new DataView(value.buffer, value.byteOffset).getUint32(0);
      // The node as it was made, by a server that was behind.
      if (number === 0) return;
      if (number !== this.#number)
        throw new Error(`a watcher was told of change ${number} instead of ${this.#number}`);
    }
    this.#missing -= 1;
    if (this.#missing < 0) throw new Error("a watcher was told of a change twice");
    if (this.#missing === 0) this.#done(performance.now());
  }
}

class FanOut implements Measurable {
  readonly histogram: Histogram = new Histogram();
  readonly #deliveries: Deliveries;
  readonly #value: Uint8Array;
  #measuring = false;
  #stopped = false;

  constructor(deliveries: Deliveries, valueBytes: number) {
    this.#deliveries = deliveries;
    this.#value = valueOf(valueBytes);
  }

  measure(): void {
    this.#measuring = true;
  }

  stop(): void {
    this.#measuring = false;
    this.#stopped = true;
  }

  /** One change after the other, each once everybody knows of the one before. */
  async run(writer: WatchingClient): Promise<void> {
    while (!this.#stopped) {
      const last = this.#deliveries.next(this.#value);
      const begun = performance.now();
      await writer.write(this.#value);
      const elapsed = (await last) - begun;
      if (this.#measuring) this.histogram.record(elapsed);
    }
  }
}

/**
 * One writer, and watchers spread over connections: how long from the send of a change until the last of them knows.
 * Operations are deliveries.
 */
export async function fanOut(job: Job): Promise<LoadResult> {
  const { system, operation, ports, connections, watchers, valueBytes } = job;
  if (system === "floor") throw new Error("the floor has no watches");
  const failure = new Failure();
  const open = (port: number): Promise<WatchingClient> =>
    openWatching(system satisfies LockSystem, port, operation === "watchEvent", (error) =>
      failure.fail(error),
    );
  const writer = await open(ports[0] ?? 0);
  const deliveries = new Deliveries(watchers);
  const onChange = failure.guard((value: Uint8Array | null) => deliveries.delivered(value));
  const clients = await Promise.all(
    Array.from({ length: connections }, (_, k) => open(ports[k % ports.length] ?? 0)),
  );
  const armed = clients.map((client, k) => {
    const own = Math.floor(watchers / connections) + (k < watchers % connections ? 1 : 0);
    return Promise.all(Array.from({ length: own }, () => client.watch(onChange)));
  });
  await Promise.all(armed);
  const load = new FanOut(deliveries, valueBytes);
  const ended = Promise.race([load.run(writer), failure.failed]).finally(() => load.stop());
  const result = await measureInterval(load, ended, job);
  await Promise.all([writer, ...clients].map((client) => client.close()));
  return { ...result, operations: result.operations * watchers };
}

/** A failure of any callback, as one promise that never resolves. */
class Failure {
  readonly failed: Promise<never>;
  #reject: ((error: unknown) => void) | null = null;

  constructor() {
    this.failed = new Promise((_, failed) => {
      this.#reject = failed;
    });
    this.failed.catch(() => {});
  }

  fail(error: unknown): void {
    this.#reject?.(error);
  }

  /** Calls back with what fails here instead of there. */
  guard<T>(work: (value: T) => void): (value: T) => void {
    return (value) => {
      try {
        work(value);
      } catch (error) {
        this.fail(error);
      }
    };
  }
}
