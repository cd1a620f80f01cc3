import { beatMs, type JobName, maxMissed } from "../plays/cron.ts";
import { CronReplay, type TakenTick } from "../plays/cron-replay.ts";
import type { PlayedRun } from "../plays/play-book.ts";
import type { World } from "../world/world.ts";

type Judged = Pick<World, "golden" | "findings" | "ledger">;

/** Each tick is taken up once at most, in order, and run by whoever took it up alone. */
export function judgeCrons(world: Judged): void {
  for (const job of ["alone", "beside"] as const) new CronJudge(world, job).judge();
}

class CronJudge {
  readonly #world: Judged;
  readonly #job: JobName;
  readonly #runs: ReadonlyMap<number, PlayedRun>;

  constructor(world: Judged, job: JobName) {
    this.#world = world;
    this.#job = job;
    const own = world.ledger.plays.runs.filter((run) => run.job === job);
    this.#runs = new Map(own.map((run) => [run.epoch, run]));
    if (this.#runs.size < own.length) this.#tell("two runs have one epoch");
  }

  judge(): void {
    const replay = new CronReplay(this.#job);
    const taken = new Map<number, TakenTick>();
    let lastMs: number | null = null;
    for (const command of this.#world.golden.commands) {
      const tick = replay.take(command);
      if (tick !== null) {
        taken.set(tick.revision, tick);
        this.#judgeTick(tick, lastMs, taken.size);
      }
      lastMs = replay.lastMs;
    }
    for (const run of this.#runs.values()) this.#judgeRun(run, taken.get(run.epoch));
  }

  #judgeTick(
    { number, tickMs, state, others, revision }: TakenTick,
    lastMs: number | null,
    count: number,
  ): void {
    if (number !== count) this.#tell(`tick ${tickMs} has number ${number} and is the ${count}th`);
    if (lastMs !== null && tickMs <= lastMs) this.#tell(`tick ${tickMs} was taken up after ${lastMs}`);
    if (tickMs % beatMs !== 0) this.#tell(`${tickMs} is no tick`);
    if (this.#job !== "alone") return;
    if (state !== "running") this.#tell(`tick ${tickMs} is ${state}, and others wait for a run to end`);
    if (others.length > 0) this.#tell(`tick ${tickMs} was taken up while ${others.join(", ")} ran`);
    const run = this.#runs.get(revision);
    const isGap = lastMs !== null && tickMs > lastMs + beatMs;
    if (isGap && run !== undefined && run.lateMs < (maxMissed - 1) * beatMs)
      this.#tell(`ticks between ${lastMs} and ${tickMs} were left out`);
  }

  #judgeRun({ number, tickMs, session, epoch }: PlayedRun, tick: TakenTick | undefined): void {
    if (tick?.number !== number || tick.tickMs !== tickMs || tick.by !== session)
      this.#tell(`${session} ran tick ${tickMs} as number ${number}, and did not take it up at ${epoch}`);
  }

  #tell(message: string): void {
    this.#world.findings.later("TickOnce", `${this.#job}: ${message}`);
  }
}
