import type { CounterRecord } from "@flotilla/history";
import type { Recorder } from "./recorder.ts";
import type { Coord } from "./session-client.ts";
import type { Turn, Work } from "./work.ts";
import { repeat, waitMs } from "./work.ts";

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
    for (const name of names) await this.#get(client, name);
  }

  async #add(client: Coord, name: string, by: number): Promise<void> {
    const call = await this.#recorder.timed(() => client.counter(name).add(by, { timeoutMs: waitMs }));
    this.#note({ ...call, object: name, type: "add", by });
  }

  async #get(client: Coord, name: string): Promise<void> {
    const call = await this.#recorder.timed(() => client.counter(name).get({ timeoutMs: waitMs }));
    this.#note({ ...call, object: name, type: "get", by: 0 });
  }

  #note({ value, ...call }: Omit<CounterRecord, "kind">): void {
    this.#recorder.history.add({ kind: "counter", ...call, value });
  }
}
