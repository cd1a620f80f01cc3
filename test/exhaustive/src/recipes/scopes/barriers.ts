import type { BarrierRound } from "@flotilla/coord";
import type { Book } from "../book.ts";
import type { Me } from "../me.ts";
import type { Play, Scope, Script } from "../scope.ts";
import { everywhere } from "./base.ts";

/** At whether it is set. */
const mostLooks = 20;

interface Inside {
  readonly me: Me;
  readonly round: BarrierRound;
}

function isInside({ me, round }: Inside): boolean {
  return !me.process.isDead && !round.signal.aborted;
}

/** Who came to a double barrier and who is inside. */
class Rounds {
  readonly #book: Book;
  readonly #parties: number;
  readonly #came = new Set<Me>();
  readonly #inside: Inside[] = [];

  constructor(book: Book, parties: number) {
    this.#book = book;
    this.#parties = parties;
  }

  came(me: Me): void {
    this.#came.add(me);
  }

  entered(me: Me, round: BarrierRound): void {
    const { epoch, index, parties } = round;
    const who = { who: me.id, epoch, index };
    if (this.#came.size < this.#parties) this.#book.broken("NobodyPassesEarly", who);
    if (parties !== this.#parties || index < 0 || index >= parties) this.#book.broken("RoundsAreWhole", who);
    for (const other of this.#inside) {
      if (other.round.epoch === epoch) {
        if (other.round.index === index) this.#book.broken("OnePlaceEach", who);
      } else if (other.round.epoch > epoch) this.#book.broken("EpochsRise", who);
      else if (isInside(other)) this.#book.broken("OneRoundAtATime", { ...who, inside: other.me.id });
    }
    this.#inside.push({ me, round });
  }

  /** Everybody of that round is to have left. */
  left(me: Me, round: BarrierRound): void {
    const late = this.#inside.filter((other) => other.round.epoch === round.epoch && isInside(other));
    if (late.length > 0)
      this.#book.broken("LeaveTogether", { who: me.id, late: late.map((other) => other.me.id) });
  }
}

function rounds(parties: number, visits: readonly number[]): (book: Book) => Play {
  return (book) => {
    const judged = new Rounds(book, parties);
    const visiting = (count: number): Script => {
      return async (me) => {
        for (let visit = 0; visit < count; visit += 1) await goIn(me);
      };
    };
    const goIn = async (me: Me): Promise<void> => {
      judged.came(me);
      const barrier = me.coord.doubleBarrier("x", { parties });
      const round = await me.trying((signal) => barrier.enter({ signal }));
      if (round === null) return;
      judged.entered(me, round);
      await me.step();
      const left = await me.trying(async (signal) => {
        await round.leave({ signal });
        return true;
      });
      if (left !== null) judged.left(me, round);
    };
    return { scripts: visits.map(visiting), mayWait: (waiting) => waiting.length < parties };
  };
}

/** A barrier that is set and lifted, and who waits at it. */
function lifted(book: Book): Play {
  const state = { lifts: 0, lifted: 0 };
  const sets: Script = async (me) => {
    const barrier = me.coord.barrier("x");
    await barrier.set();
    await me.step();
    state.lifts += 1;
    await barrier.lift();
    state.lifted += 1;
    await me.step();
    await barrier.set();
    await me.step();
    state.lifts += 1;
    await barrier.lift();
    state.lifted += 1;
  };
  const waits: Script = async (me) => {
    const barrier = me.coord.barrier("x");
    for (let look = 0; look < mostLooks && !(await barrier.isSet()) && state.lifts === 0; look += 1)
      await me.step();
    const before = state.lifts;
    const isSet = await barrier.isSet();
    const passed = await me.trying((signal) => barrier.wait({ signal }));
    if (isSet && before === 0 && state.lifts === 0 && passed !== null)
      book.broken("NobodyPassesEarly", { who: me.id });
  };
  return { scripts: [sets, waits, waits], mayWait: (waiting) => !waiting.includes("a") && state.lifted < 2 };
}

/** Keys that are counted, and who waits for enough of them. */
function counted(book: Book): Play {
  const state = { begun: 0 };
  const counts: Script = async (me) => {
    state.begun += 1;
    const latch = me.coord.latch("x", { count: 2 });
    await latch.countDown();
    await me.step();
    await latch.countDown();
  };
  const waits: Script = async (me) => {
    const latch = me.coord.latch("x", { count: 2 });
    const passed = await me.trying((signal) => latch.wait({ signal }));
    if (state.begun < 2 && passed !== null)
      book.broken("NobodyPassesEarly", { who: me.id, begun: state.begun });
  };
  return { scripts: [counts, counts, waits], mayWait: (waiting) => waiting.length === 1 };
}

/** Barriers, double barriers, latches. */
export const barriers: readonly Scope[] = [
  ...everywhere({ name: "double-barrier", title: "two who enter twice", begin: rounds(2, [2, 2]) }),
  ...everywhere({
    name: "double-barrier-crowd",
    title: "three at a double barrier for two",
    begin: rounds(2, [1, 1, 2]),
  }),
  ...everywhere({
    name: "barrier",
    title: "a barrier that is lifted and set again",
    begin: lifted,
  }),
  ...everywhere({ name: "latch", title: "two who count and one who waits", begin: counted }),
];
