import type { Dialer, OnPort } from "@flotilla/coord/parts";
import type { Coord } from "@flotilla/coord";
import type { ClientHost, Clock } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import { hostOf } from "./host.ts";
import type { Lane, Lanes } from "./lanes.ts";
import type { CoordSources } from "./load-coord.ts";
import type { Members } from "./members.ts";
import type { Tell } from "./tell.ts";
import type { Time } from "./time.ts";
import { Wire } from "./wire.ts";

export const ttlMs = 2_000;

/** What processes share. */
export interface Surroundings {
  readonly sources: CoordSources;
  readonly time: Time;
  readonly lanes: Lanes;
  readonly members: Members;
  readonly memberCount: number;
  readonly isInside: boolean;
  readonly trouble: (text: string) => void;
  readonly tell: Tell;
}

/** A process with one client: the real session and the real recipes. */
export class Process {
  readonly id: string;
  /** What it does by its script. */
  readonly acts: Lane;
  /** What it put off to a later turn of its event loop. */
  readonly turns: Lane;
  /** What befell it that its calls may fail by. */
  readonly suffered: Set<"abort" | "crash" | "cut" | "end"> = new Set();
  readonly #around: Surroundings;
  readonly #host: ClientHost;
  readonly #first: number;
  #wire: Wire | null = null;
  #wires = 0;
  #isCut = false;
  #coord: Coord | null = null;

  /** @param place 0, 1 and so on: each is at another member, as far as there are some */
  constructor(around: Surroundings, id: string, place: number) {
    this.id = id;
    this.#around = around;
    this.#first = place;
    this.acts = around.lanes.open(`act ${id}`, "act", id, id);
    this.turns = around.lanes.open(`turn ${id}`, "turn", id, id);
    this.#host = hostOf(id, this.#clock(), around.trouble);
  }

  get isDead(): boolean {
    return this.suffered.has("crash");
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** Whether it is cut off for so long that its lease is over, and not its session. */
  get isLapsed(): boolean {
    const { session } = this.coord;
    return (
      this.#isCut && session.lease.signal.aborted && this.#around.members.tree.session(session.id) !== null
    );
  }

  get isConnected(): boolean {
    return this.#wire !== null && !this.#isCut && !this.isDead;
  }

  get coord(): Coord {
    if (this.#coord === null) throw new Error(`${this.id} has no session`);
    return this.#coord;
  }

  async open(): Promise<void> {
    const { sources } = this.#around;
    const dialer: Dialer = {
      choices: this.#around.memberCount,
      dial: (onReady) => this.#dial(onReady),
      learn: () => {},
    };
    const session = await sources.openSession({ host: this.#host, dialer, sessionTtlMs: ttlMs });
    this.#coord = sources.coordOver(session, this.#host, () => session.close());
  }

  crash(): void {
    this.suffered.add("crash");
    this.#wire?.port.close();
    this.#around.lanes.close(this.acts);
    this.#around.lanes.close(this.turns);
    this.#around.time.end(this.id);
  }

  sever(isLost: boolean): void {
    this.#wire?.sever(isLost);
  }

  cut(): void {
    this.suffered.add("cut");
    this.#isCut = true;
    this.sever(true);
  }

  heal(): void {
    this.#isCut = false;
  }

  #clock(): Clock {
    const { time, lanes } = this.#around;
    const defer = (fn: () => void): void => {
      if (!this.isDead) lanes.push(this.turns, fn);
    };
    const clock = time.clock(this.id, defer);
    const setTimer: Clock["setTimer"] = (delayMs, fn) =>
      this.isDead ? { cancel: () => {} } : clock.setTimer(delayMs, fn);
    return { ...clock, setTimer };
  }

  async #dial(onReady: OnPort): Promise<void> {
    const { members, lanes, memberCount, isInside, tell } = this.#around;
    if (this.#isCut) throw new FlotillaError("ERR_FLOTILLA_UNREACHABLE", "it is cut off");
    const member = String(((this.#first + this.#wires) % memberCount) + 1);
    this.#wires += 1;
    const wire = new Wire({ members, lanes, client: this.id, member, number: this.#wires, tell });
    this.#wire = wire;
    wire.handle(isInside ? onReady(wire.port, wire.answerNow) : onReady(wire.port));
  }
}
