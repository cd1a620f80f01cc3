import type { Queue, Taken } from "@flotilla/coord/client";
import { textCodec } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/runtime";
import { isPassing, sleep } from "../actors/actor.ts";
import type { Part } from "./part.ts";
import { believe, came, inRounds, pause } from "./part.ts";
import type { QueueSettling } from "./play-book.ts";

/** Of the queue that everybody uses. */
export const queueName = "jobs";
/** So many takers may have an item. */
export const mostDeliveries = 6;

/** Puts items, some of them for later or before others; takes some, one by one or in lanes, and settles them in every way, in time or not. */
export async function playQueue(part: Part): Promise<void> {
  const queue = part.coord.queue(queueName, { codec: textCodec(), maxDeliveries: mostDeliveries });
  const taking = part.random.chance(0.4) ? consume(part, queue) : new Hands(part, queue).run();
  await Promise.all([inRounds(part, () => put(part, queue)), taking]);
}

async function put(part: Part, queue: Queue<string>): Promise<void> {
  const { actor, coord, random } = part;
  await pause(part, 200, 2000);
  // Else those of higher priority come before what still waits, for as long as more is put than taken.
  if (actor.world.isCalm()) return;
  const { puts } = actor.world.ledger.plays;
  const record = {
    session: coord.session.id,
    value: `${actor.name}-${puts.length}`,
    id: null as string | null,
  };
  puts.push(record);
  const delayMs = random.chance(0.2) ? random.below(1500) : 0;
  record.id = await queue.put(record.value, { priority: random.below(2), delayMs, timeoutMs: 3000 });
}

async function consume(part: Part, queue: Queue<string>): Promise<void> {
  const options = { signal: part.ending, concurrency: 2, onError: () => {} };
  await inRounds(part, () => queue.consume((item) => workOn(part, item), options));
}

/** What is acknowledged when this returns, and given back when it throws. */
async function workOn(part: Part, item: Taken<string>): Promise<void> {
  begin(part, item);
  await toil(part);
  const { beliefs } = part.actor.world;
  beliefs.givenUp(item);
  const settling = note(part, item, part.random.chance(0.15) ? "release" : "ack");
  if (settling.way === "release") throw new Error("not now");
}

function begin(part: Part, item: Taken<string>): void {
  came(part, "queue/taken");
  believe(part, item, `queue-${item.id}`);
}

/** At times for longer than a lease lasts. */
function toil({ actor, random }: Part): Promise<void> {
  return sleep(actor, random.below(random.chance(0.1) ? 2 * actor.ttlMs : 300));
}

function note({ actor, coord }: Part, item: Taken<string>, way: QueueSettling["way"]): QueueSettling {
  const settling: QueueSettling = {
    session: coord.session.id,
    item: item.id,
    epoch: item.epoch,
    way,
    outcome: "unknown",
  };
  actor.world.ledger.plays.settlings.push(settling);
  return settling;
}

/** Takes one by one, and keeps some for later. */
class Hands {
  readonly #part: Part;
  readonly #queue: Queue<string>;
  readonly #kept: Taken<string>[] = [];

  constructor(part: Part, queue: Queue<string>) {
    this.#part = part;
    this.#queue = queue;
  }

  run(): Promise<void> {
    return inRounds(this.#part, () => this.#round());
  }

  async #round(): Promise<void> {
    const { random, ending } = this.#part;
    const item = await this.#queue.take({ timeoutMs: 300 + random.below(4000), signal: ending });
    begin(this.#part, item);
    await toil(this.#part);
    if (random.chance(0.15)) this.#kept.push(item);
    else await this.#settle(item);
    // Whatever became of it meanwhile.
    const oldest = random.chance(0.2) ? this.#kept.shift() : undefined;
    if (oldest !== undefined) await this.#settle(oldest);
  }

  async #settle(item: Taken<string>): Promise<void> {
    const { random, actor } = this.#part;
    const way = random.chance(0.15) ? "release" : random.chance(0.05) ? "bury" : "ack";
    const settling = note(this.#part, item, way);
    actor.world.beliefs.givenUp(item);
    try {
      await item[way]({ timeoutMs: 3000 });
      settling.outcome = "ok";
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (FlotillaError.is(error, "ERR_FLOTILLA_LOST")) settling.outcome = "lost";
    }
  }
}
