import type { KeyedRandom } from "@flotilla/runtime/sim";
import { keyedRandom } from "@flotilla/runtime/sim";
import { BeliefBook } from "../clients/belief-book.ts";
import type { Notes } from "../clients/notes.ts";
import { Recorder } from "../clients/recorder.ts";
import { RegisterClient } from "../clients/register-client.ts";
import { RegisterPaths } from "../clients/register-paths.ts";
import type { ClientOptions, SessionClient } from "../clients/session-client.ts";
import type { Work } from "../clients/work.ts";
import { worksOf } from "../clients/works.ts";
import { WorksClient } from "../clients/works-client.ts";
import type { Plan } from "../plan/plan.ts";

/** The clients of a plan that one process runs. */
export class Crew {
  readonly recorder: Recorder;
  readonly works: readonly Work[];
  readonly #plan: Plan;
  readonly #paths: RegisterPaths;
  readonly #random: KeyedRandom;

  /** @param nowNs one clock for all processes of a run */
  constructor(plan: Plan, notes: Notes, nowNs: () => number) {
    this.#plan = plan;
    this.recorder = new Recorder(notes, nowNs);
    this.works = worksOf(plan.workload, this.recorder, new BeliefBook(notes, nowNs));
    this.#paths = new RegisterPaths(plan.clients * plan.lanes, nowNs);
    this.#random = keyedRandom(plan.seed, "jepsen-clients");
  }

  /**
   * The client of that number.
   * @param name new in the run: values it writes are named for it
   */
  make(number: number, name: string, open: ClientOptions["open"]): SessionClient {
    const { workload } = this.#plan;
    const options = { name, plan: this.#plan, open, random: this.#random.fork(name) };
    const doesWorks = workload === "mixed" ? number % 3 === 2 : workload !== "register";
    if (doesWorks) return new WorksClient(options, this.works);
    return new RegisterClient(
      options,
      number % 3 === 1 ? "reads" : "reads-and-writes",
      this.#paths,
      this.recorder,
    );
  }
}
