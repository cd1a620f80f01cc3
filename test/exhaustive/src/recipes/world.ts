import { Book } from "./book.ts";
import type { Next } from "./choices.ts";
import { choicesBeside, textOf } from "./choices.ts";
import type { Lane } from "./lanes.ts";
import { Lanes } from "./lanes.ts";
import { LineBook } from "./line-book.ts";
import type { CoordSources } from "./load-coord.ts";
import { Me } from "./me.ts";
import { Members } from "./members.ts";
import type { Surroundings } from "./process.ts";
import { Process, ttlMs } from "./process.ts";
import { takeRejections } from "./rejections.ts";
import type { Deviation, Play, Scope, Violation } from "./scope.ts";
import { describeEvent } from "./tell.ts";
import type { Tell } from "./tell.ts";
import { Time } from "./time.ts";

/** How long something that is stalled waits at least, ms. */
const stallMs = 1_000;
/** Nothing came of what is under way for so long: nothing will, ms. */
const patienceMs = 5_000;
/** However much still happens, ms. */
const longestMs = 120_000;
/** What goes on in the background has come to its end by then, ms. */
const restMs = 500;
/** The same where sessions have to end. */
const longRestMs = 1.5 * ttlMs;
/** A cut that is not healed before outlasts the session, ms. */
const longestCutMs = 2 * ttlMs;
const mostSteps = 5_000;
/** Nobody's: its timers are nobody's to choose about. */
const outside = "outside";

/** What came of a schedule. */
export interface Outcome {
  readonly violation: Violation | null;
  /** What else could have been chosen after the last deviation. */
  readonly others: readonly Deviation[];
  readonly steps: number;
}

/** Hears what happens. */
export interface Trace {
  step(step: number, text: string, isDeviation: boolean): void;
  /** What comes of it: messages, changes of the tree. */
  readonly told: Tell;
}

const unheard: Trace = { step: () => {}, told: () => {} };

/** One run of a scope, from the start. */
export class World {
  readonly time: Time = new Time();
  readonly lanes: Lanes = new Lanes();
  readonly book: Book = new Book();
  readonly scope: Scope;
  readonly people: readonly Me[];
  readonly #members: Members;
  readonly #lines: LineBook;
  readonly #around: Surroundings;
  readonly #play: Play;
  readonly #unsettled = new Set<string>();
  #trace = unheard;
  #movedMs = 0;
  #restUntilMs: number | null = null;

  constructor(sources: CoordSources, scope: Scope) {
    this.scope = scope;
    takeRejections();
    const { time, lanes, book } = this;
    this.#play = scope.begin(book);
    this.#lines = new LineBook(book, this.#play.isOutOfTurn !== true);
    const trouble = (text: string): void => book.broken("NoTrouble", { text });
    this.#members = new Members(sources, time, lanes, scope.members, {
      changed: (events) => {
        for (const event of events) this.#trace.told(() => describeEvent(event));
        this.#lines.changed(events);
      },
      trouble,
    });
    const { members: memberCount, isInside } = scope;
    const tell: Tell = (text) => this.#trace.told(text);
    this.#around = { sources, time, lanes, members: this.#members, memberCount, isInside, trouble, tell };
    this.people = this.#play.scripts.map(
      (_, place) => new Me(new Process(this.#around, "abcdefgh".charAt(place), place), lanes, book),
    );
  }

  async run(schedule: readonly Deviation[], trace: Trace = unheard): Promise<Outcome> {
    this.#trace = trace;
    await this.#calmly(Promise.all(this.people.map((me) => me.process.open())));
    const [first] = this.people;
    if (first !== undefined && this.#play.before !== undefined)
      await this.#calmly(this.#play.before(first.process));
    this.people.forEach((me, place) => this.#start(me, place));
    const others: Deviation[] = [];
    const lastAt = schedule.at(-1)?.at ?? -1;
    let taken = 0;
    let step = 0;
    for (; step < mostSteps && this.book.violation === null; step += 1) {
      const next = this.#next();
      if (next === null) {
        if (!(await this.#giveUp())) break;
        continue;
      }
      const deviation = schedule[taken]?.at === step ? schedule[taken] : undefined;
      if (deviation !== undefined) taken += 1;
      else if (step > lastAt && !this.#isResting(next))
        for (const text of choicesBeside(this, next, schedule)) others.push({ at: step, text });
      trace.step(step, deviation?.text ?? textOf(next), deviation !== undefined);
      if (deviation === undefined) await this.#take(next);
      else await this.#deviate(deviation, next);
    }
    if (step === mostSteps) this.book.broken("ComesToRest", { steps: step });
    if (taken < schedule.length) throw new RangeError(`cannot be done: ${schedule[taken]?.text ?? ""}`);
    if (this.book.violation === null) await this.#finish();
    return { violation: this.book.violation, others, steps: step };
  }

  #start(me: Me, place: number): void {
    this.#unsettled.add(me.id);
    const script = this.#play.scripts[place] ?? (async () => {});
    const over = (): void => void this.#unsettled.delete(me.id);
    me.step()
      .then(() => script(me))
      .then(over, (error: unknown) => {
        over();
        if (me.process.suffered.size === 0)
          this.book.broken("NoUnexpectedError", { who: me.id, error: String(error) });
      });
  }

  get hasLeader(): boolean {
    return this.#members.leader !== null;
  }

  /** Everybody who lives is done. */
  get #isDone(): boolean {
    return this.people.every(({ id, process }) => process.isDead || !this.#unsettled.has(id));
  }

  /** Sessions end, or may have ended, without being closed. */
  get #isBroken(): boolean {
    return this.people.some(({ process: { suffered } }) => suffered.has("crash") || suffered.has("cut"));
  }

  /** Nothing that is chosen now could come to anything. */
  #isResting(next: Next): boolean {
    return this.#isDone && (next.type === "time" || next.lane.kind === "turn");
  }

  #next(): Next | null {
    const [first] = this.lanes.ready();
    if (first !== undefined) return { type: "lane", lane: first };
    const { nowMs, nextMs } = this.time;
    const held = this.lanes.held();
    const untilMs = Math.min(...held.map(({ heldUntilMs }) => heldUntilMs));
    if (untilMs <= Math.max(nowMs, nextMs)) {
      const lane = held.find(({ heldUntilMs }) => heldUntilMs === untilMs);
      if (lane !== undefined && untilMs <= nextMs) return { type: "let", lane };
    }
    return nextMs <= this.#deadlineMs() ? { type: "time", site: this.time.nextSite } : null;
  }

  #deadlineMs(): number {
    const { nowMs } = this.time;
    if (this.#isDone) this.#restUntilMs ??= nowMs + (this.#isBroken ? longRestMs : restMs);
    if (this.#restUntilMs === null) return Math.min(this.#movedMs + patienceMs, longestMs);
    // What is stalled goes on, and comes to its end as well.
    const stalled = this.lanes.held().map(({ heldUntilMs }) => heldUntilMs + restMs);
    return Math.max(this.#restUntilMs, ...stalled);
  }

  async #take(next: Next): Promise<void> {
    if (next.type !== "time") this.#movedMs = this.time.nowMs;
    this.#safely(() => {
      if (next.type === "time") this.#pass();
      else if (next.type === "let") this.#let(next.lane);
      else this.#happen(next.lane);
    });
    await this.#settle();
  }

  /** What a timer puts off comes next, for nothing else can happen. */
  #pass(): void {
    const site = this.time.nextSite;
    this.time.fire();
    const me = this.people.find(({ id }) => id === site);
    if (me !== undefined && !me.process.isDead) this.#happen(me.process.turns);
  }

  #let(lane: Lane): void {
    this.time.pass(lane.heldUntilMs);
    lane.isHeld = false;
  }

  #happen(lane: Lane): void {
    const together = lane.kind === "turn" || (lane.kind === "down" && this.scope.bursts);
    for (const { run } of lane.items.splice(0, together ? lane.items.length : 1)) run();
  }

  async #deviate({ text }: Deviation, next: Next): Promise<void> {
    const [verb = "", ...rest] = text.split(" ");
    const name = rest.join(" ");
    const me = this.people.find(({ id }) => id === name);
    const lane = this.lanes.named(name);
    this.#safely(() => {
      if (verb === "elect") this.#members.elect();
      else if (lane !== undefined) this.#delay(verb, lane, next);
      else if (me !== undefined) this.#befall(verb, me);
      else throw new RangeError(`cannot be done: ${text}`);
    });
    await this.#settle();
  }

  #delay(verb: string, lane: Lane, next: Next): void {
    if (verb === "let") return this.#let(lane);
    if (next.type !== "lane" || next.lane !== lane) throw new RangeError(`${lane.name} is not next`);
    lane.isHeld = true;
    lane.heldUntilMs = verb === "stall" ? this.time.nowMs + stallMs : this.time.nowMs;
  }

  #befall(verb: string, me: Me): void {
    const { process } = me;
    if (verb === "crash" || verb === "cut") this.#members.countLeases();
    if (verb === "abort") me.abort();
    else if (verb === "crash") process.crash();
    else if (verb === "break" || verb === "lose") process.sever(verb === "lose");
    else if (verb === "heal") process.heal();
    else {
      process.cut();
      this.time.after(longestCutMs, outside, () => process.heal());
    }
  }

  /** What throws where nobody catches it would have ended a process. */
  #safely(fn: () => void): void {
    try {
      fn();
    } catch (error) {
      if (error instanceof RangeError) throw error;
      this.book.broken("NothingThrows", { error: String(error) });
    }
  }

  async #settle(): Promise<void> {
    await this.#members.settle();
    for (const reason of takeRejections()) this.book.broken("NoUnheardRejection", { reason: String(reason) });
  }

  /** By default, until something is done. */
  async #calmly(work: Promise<unknown>): Promise<void> {
    const state = { isOver: false };
    const over = (): void => {
      state.isOver = true;
    };
    work.then(over, over);
    await this.#settle();
    while (!state.isOver) {
      const next = this.#next();
      if (next === null) throw new Error("it never comes to its end");
      await this.#take(next);
    }
    await work;
  }

  /** Nothing happens any more: whoever waits for what may never come gives up. False when nobody does. */
  async #giveUp(): Promise<boolean> {
    const waiting = this.#waiting();
    if (waiting.length === 0 || this.#play.mayWait?.(waiting.map(({ id }) => id)) !== true) return false;
    const able = waiting.filter(({ isAbortable }) => isAbortable);
    for (const me of able) me.abort("end");
    this.#movedMs = this.time.nowMs;
    await this.#settle();
    return able.length > 0;
  }

  #waiting(): readonly Me[] {
    return this.people.filter(({ id, process }) => !process.isDead && this.#unsettled.has(id));
  }

  async #finish(): Promise<void> {
    const waiting = this.#waiting();
    if (waiting.length > 0) {
      this.book.broken("EveryCallSettles", { waiting: waiting.map(({ id }) => id) });
      return;
    }
    this.#lines.judgeRest(this.#members.tree, this.#isBroken);
    if (this.#play.after === undefined) return;
    const last = new Process(this.#around, "z", 0);
    this.#restUntilMs = this.time.nowMs + 2 * patienceMs;
    try {
      await this.#calmly(last.open());
      await this.#calmly(this.#play.after(last));
    } catch (error) {
      this.book.broken("AllIsWellInTheEnd", { error: String(error) });
    }
  }
}
