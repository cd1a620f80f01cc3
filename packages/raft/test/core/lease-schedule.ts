import type { Random } from "@flotilla/runtime";
import { Cluster } from "./cluster.ts";
import type { Parcel } from "./parcel.ts";
import { founded, seeded } from "./member.ts";

const tickMs = 1000;
const maxTicksAtOnce = 2;
/** How much later each moment's parcels arrive than the last one's: no gap that would be noticed. */
const lateSlope = 0.6;

interface Clock {
  /** How fast it runs. */
  readonly rate: number;
  wallOffsetMs: number;
  /** Ticks that were due until now. */
  ticks: number;
  /** Stopped as by SIGSTOP until then. */
  pausedUntilMs: number;
}

/** Whom everything reaches later and later. */
interface Late {
  readonly id: string;
  readonly sinceMs: number;
  readonly mostMs: number;
  readonly untilMs: number;
  /** Once it is as late as it gets, nothing that it sends arrives. */
  readonly isMuted: boolean;
}

/**
 * A group with lease reads on, whose clocks run fast and slow within the bound, are stopped and set, whose leaders hear
 * answers to what they said long ago, and whose reads are never stale. Elections take milliseconds here while pledges last seconds, so what comes between is met.
 */
export class LeaseSchedule {
  readonly cluster: Cluster;
  readonly #random: Random;
  readonly #clocks = new Map<string, Clock>();
  readonly #reads = new Map<string, number>();
  #realMs = 0;
  #proposed = 0;
  #late: Late | null = null;
  #held: { readonly parcel: Parcel; readonly sentMs: number }[] = [];
  readonly #seen = new WeakSet<Parcel>();

  constructor(seed: number, size: number) {
    this.#random = seeded(seed);
    const ids = ["a", "b", "c", "d", "e"].slice(0, size);
    const configuration = { ...founded(ids), leaseReads: true };
    this.cluster = new Cluster(ids, {
      seed,
      configuration,
      electionTicks: 4,
      heartbeatMs: tickMs,
      trailingEntries: 3,
    });
    for (const id of ids) {
      const rate = [0.98, 0.98, 1, 1.02, 1.02][this.#random.below(5)] ?? 1;
      this.#clocks.set(id, { rate, wallOffsetMs: 0, ticks: 0, pausedUntilMs: 0 });
    }
  }

  /** Reads answered from a lease so far. */
  get leaseReads(): number {
    return this.cluster.ids.reduce((sum, id) => sum + this.cluster.get(id).leaseReads, 0);
  }

  run(steps: number): void {
    for (let k = 0; k < steps; k += 1) {
      this.#pass(this.#random.below(100));
      for (let left = this.#random.below(20); left > 0; left -= 1) this.#deliver();
      this.#readFromLeaders();
      this.#act();
      this.#checkReads();
      if (this.cluster.wire.length > 300) this.cluster.wire.splice(0, 150);
    }
  }

  #clock(id: string): Clock {
    const clock = this.#clocks.get(id);
    if (clock === undefined) throw new Error(`no clock for ${id}`);
    return clock;
  }

  #anyone(): string {
    return this.cluster.ids[this.#random.below(this.cluster.ids.length)] ?? "a";
  }

  #isPaused(id: string): boolean {
    return this.#realMs < this.#clock(id).pausedUntilMs;
  }

  /** Time passes; whoever wakes hears what has arrived before its ticks, of which few are made up. */
  #pass(ms: number): void {
    this.#hold();
    this.#realMs += ms;
    this.#arrive();
    for (const id of this.cluster.ids) {
      const clock = this.#clock(id);
      const member = this.cluster.get(id);
      member.nowMs = this.#realMs * clock.rate;
      member.wallMs = 1_000_000 + this.#realMs + clock.wallOffsetMs;
      const due = Math.floor(member.nowMs / tickMs) - clock.ticks;
      if (due === 0 || this.#isPaused(id)) continue;
      clock.ticks += due;
      if (due > maxTicksAtOnce) this.cluster.deliverSome(({ to }) => to === id);
      for (let k = Math.min(due, maxTicksAtOnce); k > 0; k -= 1) this.cluster.step(id, { type: "tick" });
    }
    for (const id of this.cluster.ids) if (!this.#isPaused(id)) this.cluster.step(id, { type: "wake" });
  }

  /** What was sent long enough ago is before whatever is on its way. */
  #arrive(): void {
    const late = this.#late;
    if (late === null) return;
    const isOver = this.#realMs >= late.untilMs;
    const arrived = this.#held.filter(({ sentMs }) => isOver || sentMs + this.#lateMs(late) <= this.#realMs);
    this.#held = this.#held.slice(arrived.length);
    this.cluster.wire.unshift(...arrived.map(({ parcel }) => parcel));
    if (isOver) this.#late = null;
  }

  #lateMs({ sinceMs, mostMs }: Late): number {
    return Math.min(mostMs, (this.#realMs - sinceMs) * lateSlope);
  }

  /** What was sent since the last time waits when it is for the one that is late. */
  #hold(): void {
    const late = this.#late;
    if (late === null) return;
    const { wire } = this.cluster;
    let position = wire.length;
    const isSeen = (parcel: Parcel | undefined): boolean => parcel === undefined || this.#seen.has(parcel);
    while (!isSeen(wire[position - 1])) position -= 1;
    const isMute = late.isMuted && this.#lateMs(late) === late.mostMs;
    for (const parcel of wire.splice(position)) {
      this.#seen.add(parcel);
      if (parcel.to === late.id) this.#held.push({ parcel, sentMs: this.#realMs });
      else if (!isMute || parcel.from !== late.id) wire.push(parcel);
    }
  }

  #deliver(): void {
    this.#hold();
    const awake = this.cluster.wire.filter(({ to }) => !this.#isPaused(to));
    const position = this.#random.below(4) === 0 ? this.#random.below(Math.max(1, awake.length)) : 0;
    const parcel = awake[position];
    if (parcel === undefined) return;
    this.cluster.wire.splice(this.cluster.wire.indexOf(parcel), 1);
    if (this.#random.below(30) > 0) this.cluster.deliver(parcel);
  }

  #readFromLeaders(): void {
    for (const id of this.cluster.ids) {
      const { up, raft } = this.cluster.get(id);
      const asks = raft.role === "leader" || this.#random.below(20) === 0;
      if (!up || this.#isPaused(id) || !asks) continue;
      const { committed } = this.cluster.checkers;
      this.#reads.set(`${id}/${this.cluster.read(id)}`, committed);
    }
  }

  #checkReads(): void {
    for (const id of this.cluster.ids) {
      for (const { id: read, index } of this.cluster.get(id).reads.splice(0)) {
        const committed = this.#reads.get(`${id}/${read}`) ?? Number.POSITIVE_INFINITY;
        if (index !== null && index < committed)
          throw new Error(`read point ${index} is older than ${committed}`);
      }
    }
  }

  #act(): void {
    const { cluster } = this;
    const id = this.#anyone();
    const roll = this.#random.below(1000);
    if (roll < 150) this.#propose(id);
    else if (roll < 170) this.#isolateLeader();
    else if (roll < 180) cluster.cut(id, this.#anyone());
    else if (roll < 200) cluster.heal();
    else if (roll < 220) this.#restart(id, this.#random.below(2) === 0);
    else if (roll < 230) this.#clock(id).pausedUntilMs = this.#realMs + this.#random.below(12_000);
    else if (roll < 240) this.#clock(id).wallOffsetMs += (this.#random.below(3) - 1) * 5000;
    else if (roll < 246 && !this.#isPaused(id)) cluster.step(id, { type: "transfer", to: null });
    else if (roll >= 980) this.#makeLate();
    else if (roll < 252) this.#closeLinks(id);
    else if (roll < 260) this.#link(id);
  }

  /** A leader is led to hear of nothing but the past; then it can no longer be heard, or hands over. */
  #makeLate(): void {
    const { cluster } = this;
    const id = cluster.ids.find((each) => cluster.get(each).raft.role === "leader");
    if (id === undefined) return;
    if (this.#late === null) {
      const mostMs = 2000 + this.#random.below(7000);
      const untilMs = this.#realMs + mostMs / lateSlope + 8000;
      this.#late = { id, sinceMs: this.#realMs, mostMs, untilMs, isMuted: this.#random.below(3) > 0 };
    } else if (this.#late.id === id && !this.#late.isMuted && !this.#isPaused(id))
      cluster.step(id, { type: "transfer", to: null });
  }

  /** What is on its way to it is lost with its links. */
  #forget(id: string): void {
    if (this.#late?.id === id) this.#held = [];
  }

  #propose(id: string): void {
    if (this.#isPaused(id) || !this.cluster.get(id).up) return;
    this.#proposed += 1;
    this.cluster.propose(id, `p${this.#proposed}`);
  }

  #isolateLeader(): void {
    const leader = this.cluster.ids.find((id) => this.cluster.get(id).raft.role === "leader");
    if (leader === undefined) return;
    this.cluster.isolate(leader);
    // So the others try again and again.
    if (this.#random.below(2) === 0) this.#closeLinks(leader);
    if (this.#random.below(3) === 0) this.#clock(leader).wallOffsetMs -= 5000;
    if (this.#random.below(4) === 0)
      this.#clock(leader).pausedUntilMs = this.#realMs + this.#random.below(9000);
  }

  /** The process dies and another starts at once. */
  #restart(id: string, isNoticed: boolean): void {
    const { cluster } = this;
    this.#forget(id);
    cluster.crash(id);
    if (isNoticed)
      for (const other of cluster.ids)
        if (!this.#isPaused(other)) cluster.step(other, { type: "peer-down", peer: id, byPeer: true });
    this.#clock(id).pausedUntilMs = 0;
    cluster.restart(id);
  }

  /** Links end while the process behind them lives on. */
  #closeLinks(id: string): void {
    for (const other of this.cluster.ids) {
      if (other === id || this.#isPaused(other)) continue;
      this.cluster.cut(id, other);
      this.cluster.step(other, { type: "peer-down", peer: id, byPeer: true });
    }
  }

  #link(id: string): void {
    const other = this.#anyone();
    this.#forget(id);
    this.#forget(other);
    if (id !== other && !this.#isPaused(id) && !this.#isPaused(other)) this.cluster.link(id, other);
  }
}
