import { setTimeout as pause } from "node:timers/promises";
import type { Session } from "@flotilla/coord/client";
import type { OwnedRecord } from "@flotilla/history";
import type { Estate, Owner } from "./estates.ts";
import type { Recorder } from "./recorder.ts";
import type { Coord } from "./session-client.ts";
import type { Turn, Work } from "./work.ts";
import { laneOf, repeat } from "./work.ts";

/** Of each client. */
const makersEach = 3;
const longestStayMs = 800;
/** Now and then one stays longer than its session may go unheard. */
const longStayMs = 5_000;

const pollMs = 100;
/** Far longer than any session lives, on a machine that is busy with everything else. */
const patienceMs = 30_000;

/** Makes nodes that end with their owner, keeps them for a while and ends it, and lists all of them again and again. */
export class OwnedWork implements Work {
  readonly name: string;
  readonly #estate: Estate;
  readonly #recorder: Recorder;
  #made = 0;

  constructor(name: string, estate: Estate, recorder: Recorder) {
    this.name = name;
    this.#estate = estate;
    this.#recorder = recorder;
  }

  prepare(session: Session): Promise<void> {
    return this.#estate.prepare(session);
  }

  async run(client: Coord, turn: Turn): Promise<void> {
    const listing = laneOf(turn, "list");
    const makers = Array.from({ length: makersEach }, (_, k) => laneOf(turn, `make-${k}`));
    await Promise.all([
      ...makers.map((making) => repeat(client, making, () => this.#keepOne(client, making))),
      repeat(client, listing, async () => void (await this.#list(client))),
    ]);
  }

  /** Waits until nothing is left: all who made anything have ended. */
  async lookAgain(client: Coord): Promise<void> {
    const { object } = this.#estate;
    const from_ns = this.#recorder.nowNs();
    const deadlineMs = performance.now() + patienceMs;
    let left = await this.#list(client);
    while (left?.length !== 0 && performance.now() < deadlineMs) {
      await pause(pollMs);
      left = await this.#list(client);
    }
    if (left === null) throw new Error(`${object}: no answer to the last look`);
    if (left.length === 0) return;
    const gone_ns = this.#recorder.nowNs();
    for (const node of left)
      this.#recorder.history.add({
        kind: "owned",
        object,
        owner: `whoever made ${node}`,
        node,
        from_ns,
        lived_ns: from_ns,
        gone_ns,
      });
    await this.#list(client);
  }

  async #keepOne(client: Coord, { name, random, stopping }: Turn): Promise<void> {
    const recorder = this.#recorder;
    this.#made += 1;
    const owner = await this.#estate.owner(client, `${name}-${this.#made}`);
    const rest = (ms: number): Promise<void> => untilAborted(ms, [owner.signal, stopping]);
    let life: OwnedLife | null = null;
    try {
      await rest(random.below(longestStayMs));
      await owner.settle();
      life = new OwnedLife(this.#estate.object, owner, recorder);
      await rest(random.chance(0.05) ? longStayMs : random.below(longestStayMs));
      // By its own clock: also when the event loop was late to tell.
      life.livedUntil(recorder.nowNs() + Math.min(0, owner.expiresIn()) * 1e6);
    } finally {
      life ??= new OwnedLife(this.#estate.object, owner, recorder);
      const isOver = owner.end().then(() => recorder.nowNs());
      const gone_ns = await isOver.catch(() => null);
      // What a session owned goes with it, some time after it is over: nobody acknowledged anything then.
      life.goneAt(client.session.signal.aborted ? null : gone_ns);
    }
  }

  async #list(client: Coord): Promise<readonly string[] | null> {
    const { value, invoke_ns, return_ns } = await this.#recorder.timed(() => this.#estate.list(client));
    if (value === null) return null;
    const { object } = this.#estate;
    this.#recorder.history.add({ kind: "owned-read", object, nodes: value, invoke_ns, return_ns });
    return value;
  }
}

/** What is written down of one owner's nodes: known from the first, so that it stands even if nobody lives to end it. */
class OwnedLife {
  readonly #recorder: Recorder;
  readonly #numbers: readonly number[];
  #records: readonly OwnedRecord[];

  /** They are there from now on. */
  constructor(object: string, { name, nodes }: Owner, recorder: Recorder) {
    const from_ns = recorder.nowNs();
    const times = { from_ns, lived_ns: 0, gone_ns: null };
    this.#recorder = recorder;
    this.#records = nodes.map((node) => ({ kind: "owned", object, owner: name, node, ...times }));
    this.#numbers = this.#records.map((record) => recorder.history.add({ ...record }));
  }

  /** Up to then their owner certainly lived. */
  livedUntil(lived_ns: number): void {
    this.#amend({ lived_ns });
  }

  /** @param gone_ns when the end of their owner was acknowledged; null: it was not */
  goneAt(gone_ns: number | null): void {
    this.#amend({ gone_ns });
  }

  #amend(times: Partial<OwnedRecord>): void {
    this.#records = this.#records.map((record) => ({ ...record, ...times }));
    for (const [k, number] of this.#numbers.entries()) {
      const record = this.#records[k];
      if (record !== undefined) this.#recorder.history.amend(number, { ...record });
    }
  }
}

function untilAborted(ms: number, signals: AbortSignal[]): Promise<void> {
  return pause(ms, undefined, { signal: AbortSignal.any(signals) }).catch(() => {});
}
