import type { KeptWorker, Slot } from "@flotilla/coord/client";
import type { Timer } from "@flotilla/runtime";
import type { Part } from "./part.ts";
import { believe, came, inRounds, letGoWhen, pause } from "./part.ts";

/** Of the workers that are kept, and how many there are while nobody has scaled it. */
export const keeperName = "workers";
export const replicas = 4;

const restarts = { backoffMs: 50, maxBackoffMs: 400, budget: 1000 };

/** Keeps workers, some of which end by themselves, do not start, or have to be made to end; and scales. */
export async function playKeeper(part: Part): Promise<void> {
  const { actor, coord, random, ending } = part;
  const workers = new Workers(part);
  const driver = (slot: Slot): KeptWorker => workers.start(slot);
  const keeper = coord.keeper(keeperName, { replicas, driver, id: actor.name, drainMs: 500, restarts });
  const keep = async (): Promise<void> => {
    try {
      await keeper.run({ signal: ending });
    } finally {
      workers.noneIsLeft();
    }
  };
  const scale = async (): Promise<void> => {
    await pause(part, 1000, 12_000);
    if (ending.aborted || actor.world.isCalm()) return;
    await keeper.scale(random.chance(0.2) ? null : 2 + random.below(4), { timeoutMs: 3000 });
  };
  await Promise.all([inRounds(part, keep), inRounds(part, scale)]);
}

/** What runs in one process; one in each slot at a time. */
class Workers {
  readonly #part: Part;
  readonly #running = new Set<number>();
  readonly #believed = new WeakSet<Slot>();

  constructor(part: Part) {
    this.#part = part;
  }

  start(slot: Slot): KeptWorker {
    const { actor, random } = this.#part;
    const { clock } = actor.host;
    this.#begin(slot);
    if (random.chance(0.05) && !actor.world.isCalm()) throw new Error("it does not start");
    this.#running.add(slot.index);
    came(this.#part, "keeper/started");
    const timers: Timer[] = [];
    let end: (how: string) => void = ignore;
    const ended = new Promise<string>((resolve) => {
      end = (how) => {
        this.#running.delete(slot.index);
        for (const timer of timers) timer.cancel();
        resolve(how);
      };
    });
    const crash = (): void => {
      if (!actor.world.isCalm()) end("crashed");
    };
    timers.push(clock.setTimer(500 + random.below(20_000), crash));
    const see = (): void => this.#seeEnded(slot);
    slot.signal.addEventListener("abort", () => clock.setTimer(1, see), { once: true });
    const isDocile = random.chance(0.6);
    const stop = (): void => {
      if (isDocile) timers.push(clock.setTimer(50, () => end("stopped")));
    };
    return { ended, stop, kill: () => end("killed") };
  }

  /** Whoever keeps them no more has left none behind. */
  noneIsLeft(): void {
    for (const index of this.#running) this.#tell(`the worker in slot ${index} was left running`);
  }

  /** Its slot was lost: it was made to end in the same turn. */
  #seeEnded({ index }: Slot): void {
    if (this.#running.has(index)) this.#tell(`the worker in slot ${index} goes on, which was lost`);
  }

  #begin(slot: Slot): void {
    if (this.#running.has(slot.index)) this.#tell(`a second worker was started in slot ${slot.index}`);
    if (slot.signal.aborted) this.#tell(`a worker was started in slot ${slot.index}, which was lost`);
    if (this.#believed.has(slot)) return;
    this.#believed.add(slot);
    believe(this.#part, slot, `slot-${slot.index}`);
    letGoWhen(this.#part, slot);
  }

  #tell(what: string): void {
    const { actor } = this.#part;
    actor.world.findings.now("OneWorker", `${actor.name}: ${what}`);
  }
}

/** Until there is something to end. */
function ignore(): void {}
