import type { CounterRecord } from "@flotilla/history";
import type { Recorder, TimedCall } from "./recorder.ts";
import { isDone } from "./recorder.ts";
import type { Coord } from "./session-client.ts";
import type { Turn, Work } from "./work.ts";
import { insist, repeat, waitMs } from "./work.ts";

const names = ["k0", "k1"] as const;
const mostAtOnce = 3;

/** Adds to counters and reads them. */
export class CounterWork implements Work {
  readonly name = "counter";
  readonly #recorder: Recorder;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  async prepare(): Promise<void> {
    // A counter is made by its first addition.
  }

  run(client: Coord, turn: Turn): Promise<void> {
    const { random } = turn;
    return repeat(client, turn, async () => {
      const name = names[random.below(names.length)] ?? names[0];
      const by = random.chance(0.4) ? 0 : 1 + random.below(mostAtOnce);
      await (by === 0 ? this.#get(client, name) : this.#add(client, name, by));
    });
  }

  async lookAgain(client: Coord): Promise<void> {
    for (const name of names) await insist(name, () => this.#get(client, name), isDone);
  }

  #add(client: Coord, object: string, by: number): Promise<unknown> {
    return this.#recorder.noted(
      () => client.counter(object).add(by, { timeoutMs: waitMs }),
      (call) => ({ kind: "counter", object, type: "add", by, ...call }) satisfies CounterRecord,
    );
  }

  #get(client: Coord, object: string): Promise<TimedCall<unknown>> {
    return this.#recorder.noted(
      () => client.counter(object).get({ timeoutMs: waitMs }),
      (call) => ({ kind: "counter", object, type: "get", by: 0, ...call }) satisfies CounterRecord,
    );
  }
}
