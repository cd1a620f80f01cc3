import { FlotillaError } from "@flotilla/runtime";
import type { Random } from "@flotilla/runtime";
import { defaultLimits } from "../../src/core/options.ts";
import type { Limits } from "../../src/core/options.ts";
import type { Command, Entry, LogId, RaftObserver, RaftOptions } from "../../src/index.ts";
import { Counter } from "./counter.ts";
import { World } from "./world.ts";
import type { Process } from "./world.ts";

const ids = ["a", "b", "c"] as const;
const phases = ["work", "cut", "crash", "lag", "stuck", "calm"] as const;
type Phase = (typeof phases)[number];
/** How long those that are not calm take. */
const stepsOf: Readonly<Record<Exclude<Phase, "calm">, number>> = {
  work: 6,
  cut: 6,
  crash: 6,
  lag: 12,
  stuck: 20,
};

/** More than a member takes up in one turn beside a message: its bounds are looked at before, not after. */
const turnBytes = 1000;

const decoder = new TextDecoder();

function pick<T>(random: Random, values: readonly [T, ...T[]]): T {
  return values[random.below(values.length)] ?? values[0];
}

interface Drawn extends Partial<RaftOptions> {
  readonly electionTimeoutMs: number;
  readonly limits: Limits;
}

/** Bounds that the load mostly reaches. */
function drawOptions(random: Random): Drawn {
  const limits = {
    maxApplyEntries: pick(random, [1, 3, 1024]),
    maxApplyBytes: pick(random, [60, 400, 1 << 20]),
    maxBatchEntries: pick(random, [1, 4, 1024]),
    maxBatchBytes: pick(random, [100, 400]),
    inflightMessages: pick(random, [1, 4, 256]),
    cacheBytes: pick(random, [0, 300]),
    maxUnstableBytes: pick(random, [300, 1500]),
  };
  return {
    electionTimeoutMs: pick(random, [500, 1000]),
    snapshotEntries: pick(random, [5, 12, 40]),
    trailingEntries: pick(random, [0, 0, 3]),
    trailingBytes: pick(random, [0, 0, 1 << 20]),
    snapshotChunkBytes: pick(random, [64, 300]),
    limits: random.below(3) === 0 ? defaultLimits : { ...defaultLimits, ...limits },
  };
}

/** A counter whose every command takes its time while `slow` says so. */
class SlowCounter extends Counter {
  readonly #stall: () => void;

  constructor(stall: () => void) {
    super();
    this.#stall = stall;
  }

  override apply(command: Command): number {
    this.#stall();
    return super.apply(command);
  }
}

/**
 * Three whole members in phases: of work; with links cut, one way or both; of crashes; in which one is slow and away,
 * so that snapshots are installed while entries are applied; in which a disk hangs; and calm ones, in which nothing is lost and no majority
 * ever stands still, so that nobody has a reason to lead in another's place.
 */
export class RoughWorld {
  readonly counts = { acknowledged: 0, installed: 0, reads: 0, stalls: 0 };
  readonly #world: World;
  readonly #random: Random;
  readonly #electionTimeoutMs: number;
  readonly #mostLogBytes: number;
  /** `term:payload` of every entry that anybody applied; position 0 is entry 1. */
  readonly #golden: string[] = [];
  /** The last entry in the state of each member. */
  readonly #applied = new Map<string, number>();
  readonly #slow = new Set<string>();
  /** Proposals by their text, acknowledged with their entry. */
  readonly #acknowledged = new Map<string, number>();
  readonly #dropped = new Set<string>();
  readonly #open = new Map<string, Process>();
  #isCalm = false;
  #broken: string | null = null;
  #proposed = 0;

  constructor(seed: number) {
    const random = new World(seed, ids).kernel.random("options");
    const options = drawOptions(random);
    this.#electionTimeoutMs = options.electionTimeoutMs;
    const { cacheBytes, maxUnstableBytes, maxBatchBytes } = options.limits;
    this.#mostLogBytes = cacheBytes + maxUnstableBytes + maxBatchBytes + turnBytes;
    this.#world = new World(seed, ids, options);
    this.#random = this.#world.kernel.random("rough");
  }

  async run(count: number): Promise<void> {
    for (const id of ids) await this.#start(id);
    for (let k = 0; k < count; k += 1) await this.#phase(pick(this.#random, phases));
  }

  /** Faults stop: everything acknowledged is there, once and everywhere, and every call has its outcome. */
  async converge(): Promise<void> {
    const { term } = await this.#rest();
    const last = this.#propose(await this.#world.untilLeader());
    await this.#pass(20 * this.#electionTimeoutMs);
    if (!this.#acknowledged.has(last)) this.#fail(`nothing is acknowledged in term ${term}`);
    for (const [text, process] of this.#open)
      if (this.#world.running.get(process.node.id) === process) this.#fail(`${text} has no outcome`);
    const expected = this.#upTo(this.#golden.length);
    const present = new Set(expected);
    if (present.size !== expected.length) this.#fail("something is there twice");
    for (const text of this.#acknowledged.keys()) if (!present.has(text)) this.#fail(`${text} is lost`);
    for (const text of this.#dropped) if (present.has(text)) this.#fail(`${text} is there after all`);
    for (const [id, { counter, stopped }] of this.#world.running) {
      if (stopped !== null) this.#fail(`${id} stopped`);
      if (counter.applied.join() !== expected.join()) this.#fail(`${id} holds something else`);
    }
    this.#check();
  }

  async #phase(phase: Phase): Promise<void> {
    const id = pick(this.#random, ids);
    if (phase === "calm") return this.#calm();
    if (phase === "cut" || phase === "lag") this.#cut(id);
    if (phase === "lag") this.#slow.add(id);
    if (phase === "stuck") this.#world.kernel.node(id).disk.stick();
    if (phase === "crash") this.#world.crash(id, this.#random.below(2) === 0);
    await this.#work(stepsOf[phase]);
    this.#world.kernel.node(id).disk.unstick();
    if (phase === "crash") await this.#start(id);
    this.#world.kernel.network.healAll();
    await this.#work(phase === "lag" ? 6 : 2);
    if (this.#random.below(2) === 0) this.#slow.clear();
  }

  async #work(steps: number): Promise<void> {
    for (let k = 0; k < steps; k += 1) {
      for (let left = this.#random.below(8); left > 0; left -= 1) this.#propose(this.#anyone());
      if (this.#random.below(2) === 0) this.#read(this.#anyone());
      if (this.#random.below(12) === 0)
        this.#anyone()
          ?.node.transfer()
          .catch(() => {});
      if (this.#random.below(8) === 0) this.#stall(pick(this.#random, ids), this.#electionTimeoutMs);
      this.#world.kernel.node(pick(this.#random, ids)).disk.slow(pick(this.#random, [0, 0, 5, 80]));
      await this.#pass(this.#random.below(this.#random.below(4) === 0 ? 1500 : 60));
    }
  }

  /** NeedlessElection: whoever stands still for a while, no other term begins as long as a majority with a leader does not. */
  async #calm(): Promise<void> {
    const { term, leader } = await this.#rest();
    this.#isCalm = true;
    const [still = "", ...others] = ids.filter((id) => id !== leader);
    for (let k = 0; k < 4; k += 1) {
      for (let left = this.#random.below(5); left > 0; left -= 1) this.#propose(this.#anyone());
      this.#stall(pick(this.#random, [leader, ...others]), this.#electionTimeoutMs / 4);
      this.#stall(still, 6 * this.#electionTimeoutMs);
      await this.#pass(7 * this.#electionTimeoutMs);
      for (const [id, { node }] of this.#world.running)
        if (node.status().term !== term) this.#fail(`NeedlessElection: ${id} left term ${term} of ${leader}`);
    }
    this.#isCalm = false;
  }

  /** All are up and quick, and follow one leader for a while. */
  async #rest(): Promise<{ readonly term: number; readonly leader: string }> {
    const { kernel, running } = this.#world;
    kernel.network.healAll();
    this.#slow.clear();
    for (const id of ids) kernel.node(id).disk.heal();
    for (const id of ids) if (!running.has(id)) await this.#start(id);
    let seen = "";
    for (let left = 60; left > 0; left -= 1) {
      await this.#pass(4 * this.#electionTimeoutMs);
      const stati = [...running.values()].map(({ node }) => node.status());
      const all = new Set(stati.map(({ term, leader, applied }) => `${term} ${leader} ${applied}`));
      const [one] = all;
      const isLinked = stati.every(({ peers }) => peers.every(({ connected }) => connected));
      const { term = 0, leader = null } = stati[0] ?? {};
      if (all.size === 1 && isLinked && leader !== null && one === seen) return { term, leader };
      seen = one ?? "";
    }
    throw new Error(`no rest within a long time: ${seen}`);
  }

  #anyone(): Process | undefined {
    const all = [...this.#world.running.values()];
    return all[this.#random.below(Math.max(1, all.length))];
  }

  /** Some of the ways between a member and the others. */
  #cut(id: string): void {
    const { network } = this.#world.kernel;
    const ways = this.#random.below(4);
    for (const other of ids) {
      if (other === id || this.#random.below(5) === 0) continue;
      if (ways !== 1) network.cut(id, other);
      if (ways !== 2) network.cut(other, id);
    }
  }

  #stall(id: string, mostMs: number): void {
    this.counts.stalls += 1;
    if (this.#world.running.has(id)) this.#world.kernel.node(id).stall(this.#random.below(mostMs));
  }

  #propose(process: Process | undefined): string {
    this.#proposed += 1;
    const text = String(this.#proposed).padStart(this.#random.below(90), "0");
    if (process === undefined) return text;
    this.#open.set(text, process);
    this.#world.propose(process, text).then(
      ({ index }) => {
        this.counts.acknowledged += 1;
        this.#acknowledged.set(text, index);
        this.#open.delete(text);
      },
      (error: unknown) => {
        if (FlotillaError.is(error, "ERR_FLOTILLA_DROPPED")) this.#dropped.add(text);
        this.#open.delete(text);
      },
    );
    return text;
  }

  /** ReadPoints: what was acknowledged before is in the state once the read is through. */
  #read(process: Process | undefined): void {
    if (process === undefined) return;
    const { id } = process.node;
    const before = Math.max(0, ...this.#acknowledged.values());
    process.node.read().then(
      (index) => {
        this.counts.reads += 1;
        const { applied } = process.node.status();
        if (index < before || applied < index)
          this.#fail(`ReadPoints: ${id} reads at ${index}, holds ${applied}, ${before} is acknowledged`);
      },
      () => {},
    );
  }

  async #start(id: string): Promise<void> {
    this.#applied.set(id, 0);
    const counter = new SlowCounter(() => {
      if (this.#slow.has(id)) this.#world.kernel.node(id).stall(4);
    });
    await this.#world.start(id, counter, { observer: this.#observer(id, counter) });
  }

  /** StateMachineSafety, also of snapshots. */
  #observer(id: string, counter: Counter): RaftObserver {
    return {
      onApply: (entry) => this.#onApply(id, entry),
      onRestore: (last) => this.#onRestore(id, last, counter),
      onSend: (_, message) => {
        // A link that ended because one end stood still is a reason to ask.
        if (message.type === "pre-vote" && this.#isCalm && message.closedLeader === null)
          this.#fail(`NeedlessElection: ${id} asks for term ${message.term}`);
      },
    };
  }

  #onApply(id: string, { index, term, kind, payload }: Entry): void {
    const text = `${term}:${kind === "command" ? decoder.decode(payload) : ""}`;
    const known = (this.#golden[index - 1] ??= text);
    const before = this.#applied.get(id) ?? 0;
    if (index !== before + 1 || text !== known)
      this.#fail(`StateMachineSafety: ${id} applies ${text} at ${index} after ${before}, not ${known}`);
    this.#applied.set(id, index);
  }

  #onRestore(id: string, { index }: LogId, { applied }: Counter): void {
    this.counts.installed += 1;
    const before = this.#applied.get(id) ?? 0;
    if (index <= before) this.#fail(`NoRegression: ${id} goes from ${before} back to ${index}`);
    if (applied.join() !== this.#upTo(index).join())
      this.#fail(`StateMachineSafety: the snapshot at ${index} of ${id} holds something else`);
    this.#applied.set(id, index);
  }

  /** The commands up to an entry. */
  #upTo(index: number): string[] {
    const texts = this.#golden.slice(0, index).map((text) => text.slice(text.indexOf(":") + 1));
    return texts.filter((text) => text !== "");
  }

  #fail(what: string): void {
    this.#broken ??= what;
  }

  async #pass(ms: number): Promise<void> {
    await this.#world.runFor(ms);
    this.#check();
  }

  #check(): void {
    for (const [id, { node }] of this.#world.running) {
      const { logBytes } = node.status();
      if (logBytes > this.#mostLogBytes) this.#fail(`BoundedWork: ${id} holds ${logBytes} bytes of its log`);
    }
    for (const [id, { stopped }] of this.#world.running)
      if (stopped !== null)
        this.#fail(`${id} stopped: ${stopped.type === "failed" ? String(stopped.error) : ""}`);
    if (this.#broken !== null) throw new Error(this.#broken);
  }
}
