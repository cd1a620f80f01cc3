import { setTimeout as pause } from "node:timers/promises";
import type { Queue, Session, Taken } from "@flotilla/coord/client";
import type { QueueRecord } from "@flotilla/history";
import { FlotillaError } from "@flotilla/runtime";
import type { BeliefBook } from "./belief-book.ts";
import type { Recorder } from "./recorder.ts";
import type { Coord } from "./session-client.ts";
import type { Turn, Work } from "./work.ts";
import { laneOf, repeat, waitMs } from "./work.ts";

const names = ["q0", "q1"] as const;
const fencedRoot = "/worked";
/** Of each client, on each queue. */
const takersEach = 2;
/** A taker takes its time: with a pause so much longer, puts are about as many. */
const putPause = 3;
/** At once, when all is taken in the end. */
const mostAtOnce = 16;
/** More than faults can use up: nothing becomes a dead letter, so that all that was put in is asked for. */
const maxDeliveries = 1_000;
/** Now and then one has an item for longer than its session may go unheard. */
const longWorkMs = 4_000;
/** Far longer than any session lives, on a machine that is busy with everything else. */
const patienceMs = 30_000;

/** What a taker does with an item, besides taking its time. */
type End = "acknowledge" | "give-back" | "keep";

/** Puts values into queues, and takes them: each is acknowledged, given back, or kept until the session is over. */
export class QueueWork implements Work {
  readonly name = "queue";
  readonly #recorder: Recorder;
  readonly #book: BeliefBook;
  #values = 0;

  constructor(recorder: Recorder, book: BeliefBook) {
    this.#recorder = recorder;
    this.#book = book;
  }

  async prepare(session: Session): Promise<void> {
    if ((await session.exists(fencedRoot)) === null) await session.create(fencedRoot, "");
  }

  async run(client: Coord, turn: Turn): Promise<void> {
    await Promise.all(
      names.flatMap((name) => {
        const queue = openQueue(client, name);
        const putting = { ...laneOf(turn, `${name}.put`), thinkMs: putPause * turn.thinkMs };
        const taking = Array.from({ length: takersEach }, (_, k) => laneOf(turn, `${name}.${k}`));
        return [
          repeat(client, putting, () => this.#put(queue, putting)),
          ...taking.map((own) => repeat(client, own, () => this.#takeOne(client, queue, own))),
        ];
      }),
    );
  }

  /** Takes all that is left. A queue that hands out nothing for long says by that that it is empty. */
  async lookAgain(client: Coord): Promise<void> {
    for (const name of names) {
      const queue = openQueue(client, name);
      for (let isEmpty = false; !isEmpty;) isEmpty = !(await this.#takeSome(queue));
    }
  }

  /** False when there was nothing to take. */
  async #takeSome(queue: Queue<unknown>): Promise<boolean> {
    const invoke_ns = this.#recorder.nowNs();
    const count = Math.min(await queue.size(), mostAtOnce);
    const items = await Promise.all(Array.from({ length: count }, () => this.#take(queue, patienceMs)));
    const taken = items.filter((item) => item !== null);
    await Promise.all(taken.map((item) => this.#acknowledge(queue.name, item)));
    if (taken.length > 0) return true;
    const seen = { value: null, invoke_ns, return_ns: this.#recorder.nowNs() };
    this.#note({ object: queue.name, type: "dequeue", outcome: "ok", ...seen });
    return false;
  }

  async #put(queue: Queue<unknown>, { name }: Turn): Promise<void> {
    this.#values += 1;
    const value = `${name}-${this.#values}`;
    await this.#recorder.noted(
      () => queue.put(value, { timeoutMs: waitMs }),
      ({ invoke_ns, return_ns, outcome }) =>
        ({
          kind: "queue",
          object: queue.name,
          type: "enqueue",
          value,
          invoke_ns,
          return_ns,
          outcome,
        }) satisfies QueueRecord,
    );
  }

  async #takeOne(client: Coord, queue: Queue<unknown>, turn: Turn): Promise<void> {
    const { name, random, stopping } = turn;
    const item = await this.#take(queue, waitMs, stopping);
    if (item === null) return;
    const object = `${queue.name}/${item.id}`;
    this.#book.begun(name, object, item);
    await pause(random.chance(0.01) ? longWorkMs : random.below(15));
    if (random.chance(0.3)) {
      const { fence } = item;
      const { revision } = await client.session.put(`${fencedRoot}/${queue.name}`, name, {
        fence,
        timeoutMs: waitMs,
      });
      this.#book.wrote(name, object, item, revision);
    }
    const end = endOf(random.float());
    if (end === "acknowledge") await this.#acknowledge(queue.name, item);
    else if (end === "give-back") await item.release({ timeoutMs: waitMs });
  }

  /** Null when there was none in time. */
  async #take(
    queue: Queue<unknown>,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Taken<unknown> | null> {
    const invoke_ns = this.#recorder.nowNs();
    try {
      const item = await queue.take({ timeoutMs, ...(signal === undefined ? {} : { signal }) });
      const { epoch, deliveries } = item;
      const taken = {
        value: String(item.value),
        epoch,
        deliveries,
        invoke_ns,
        return_ns: this.#recorder.nowNs(),
      };
      this.#note({ object: queue.name, type: "deliver", outcome: "ok", ...taken });
      return item;
    } catch (error) {
      if (FlotillaError.is(error, "ERR_FLOTILLA_TIMEOUT") || FlotillaError.is(error, "ERR_FLOTILLA_ABORTED"))
        return null;
      throw error;
    }
  }

  async #acknowledge(object: string, item: Taken<unknown>): Promise<void> {
    const { epoch } = item;
    await this.#recorder.noted(
      () => item.ack({ timeoutMs: waitMs }),
      ({ invoke_ns, return_ns, outcome }) =>
        ({
          kind: "queue",
          object,
          type: "dequeue",
          value: String(item.value),
          epoch,
          invoke_ns,
          return_ns,
          outcome,
        }) satisfies QueueRecord,
    );
  }

  #note(record: Omit<QueueRecord, "kind">): void {
    this.#recorder.history.add({ kind: "queue", ...record });
  }
}

function openQueue(client: Coord, name: string): Queue<unknown> {
  return client.queue(name, { maxDeliveries });
}

/** @param draw from 0 to 1 */
function endOf(draw: number): End {
  if (draw < 0.9) return "acknowledge";
  return draw < 0.98 ? "give-back" : "keep";
}
