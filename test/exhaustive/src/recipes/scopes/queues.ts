import type { Taken } from "@flotilla/coord";
import type { Book } from "../book.ts";
import type { Me } from "../me.ts";
import type { Play, Scope, Script } from "../scope.ts";
import { everywhere } from "./base.ts";

/** What was put into a queue, and what became of it. */
class Items {
  readonly put = new Set<number>();
  readonly maybePut = new Set<number>();
  readonly done = new Set<number>();
  readonly maybeDone = new Set<number>();
  readonly #book: Book;

  constructor(book: Book) {
    this.#book = book;
  }

  async puts(me: Me, value: number): Promise<void> {
    this.maybePut.add(value);
    await me.coord.queue("x").put(value);
    this.put.add(value);
  }

  /** Takes one; null when it gave up. */
  async takes(me: Me): Promise<Taken<unknown> | null> {
    const item = await me.trying((signal) => me.coord.queue("x").take({ signal }));
    if (item === null) return null;
    const value = Number(item.value);
    if (!this.maybePut.has(value)) this.#book.broken("OnlyWhatWasPut", { who: me.id, value });
    if (this.done.has(value)) this.#book.broken("DoneIsDone", { who: me.id, value });
    me.took({ name: `item ${value}`, permits: 1, places: 1 }, item);
    return item;
  }

  /** It is done, if it is this one's still. */
  async acks(me: Me, item: Taken<unknown>): Promise<void> {
    me.mayLose(item);
    const value = Number(item.value);
    this.maybeDone.add(value);
    await item.ack();
    if (this.done.has(value)) this.#book.broken("DoneOnce", { who: me.id, value });
    this.done.add(value);
  }

  /** Nothing was lost: what was put and not done is there still. */
  judgeRest(left: readonly number[]): void {
    const missing = [...this.put].filter((value) => !this.maybeDone.has(value) && !left.includes(value));
    if (missing.length > 0) this.#book.broken("NothingIsLost", { missing });
    const again = left.filter((value) => this.done.has(value));
    if (again.length > 0) this.#book.broken("DoneIsDone", { again });
    if (new Set(left).size < left.length) this.#book.broken("PutOnce", { left });
  }
}

/** So many items, and takers of whom each does with one item after the other what is said. */
function queue(
  values: readonly number[],
  takers: readonly (readonly ("ack" | "release" | "bury")[])[],
): (book: Book) => Play {
  return (book) => {
    const items = new Items(book);
    const putting: Script = async (me) => {
      for (const value of values) {
        await items.puts(me, value);
        await me.step();
      }
    };
    const taking = (ways: readonly ("ack" | "release" | "bury")[]): Script => {
      return async (me) => {
        for (const way of ways) {
          const item = await items.takes(me);
          if (item === null) return;
          await me.step();
          if (way === "ack") await items.acks(me, item);
          else if (way === "release") await me.gives(item);
          else {
            me.mayLose(item);
            items.maybeDone.add(Number(item.value));
            await item.bury();
          }
          await me.step();
        }
      };
    };
    return {
      scripts: [putting, ...takers.map(taking)],
      mayWait: (waiting) =>
        !waiting.includes("a") && [...items.put].every((value) => items.maybeDone.has(value)),
      after: async ({ coord }) => {
        const page = await coord.session.childNodes("/queue/x/items");
        const left = (page?.children ?? []).flatMap(({ node }) =>
          node === null ? [] : [Number(new TextDecoder().decode(node.value))],
        );
        items.judgeRest(left);
        for (const value of left) {
          const taken = await coord.queue("x").take({ timeoutMs: 5_000 });
          if (!left.includes(Number(taken.value))) book.broken("OnlyWhatWasPut", { value });
          await taken.ack();
        }
      },
    };
  };
}

/** Two who work on what is put, one of whom fails at first. */
function consumed(book: Book): Play {
  const values = [1, 2, 3];
  const items = new Items(book);
  const doneBy = new Map<number, Me>();
  const consuming = (failures: number): Script => {
    return async (me) => {
      let left = failures;
      const work = async (item: Taken<unknown>): Promise<void> => {
        const value = Number(item.value);
        const before = doneBy.get(value);
        if (before?.process.suffered.size === 0)
          book.broken("DoneIsDone", { who: me.id, value, before: before.id });
        me.took({ name: `item ${value}`, permits: 1, places: 1 }, item);
        await me.step();
        me.mayLose(item);
        left -= 1;
        if (left >= 0) throw new Error("not now");
        doneBy.set(value, me);
      };
      await me.trying((signal) => me.coord.queue("x").consume(work, { signal, onError: () => {} }));
    };
  };
  return {
    scripts: [
      async (me) => {
        for (const value of values) await items.puts(me, value);
      },
      consuming(1),
      consuming(0),
    ],
    mayWait: (waiting) => {
      const missing = [...items.put].filter((value) => !doneBy.has(value));
      if (missing.length > 0) book.broken("EverythingIsDone", { missing, waiting });
      return true;
    },
  };
}

/** Queues. */
export const queues: readonly Scope[] = [
  ...everywhere({
    name: "queue",
    title: "two items and two who take",
    begin: queue([1, 2], [["ack"], ["ack"]]),
  }),
  ...everywhere({
    name: "queue-back",
    title: "an item that is given back is taken again",
    begin: queue([1], [["release", "ack"], ["ack"]]),
  }),
  ...everywhere({
    name: "queue-consume",
    title: "three items and two who work on what there is",
    begin: consumed,
  }),
];
