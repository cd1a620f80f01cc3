import type { Book } from "../book.ts";
import type { Play, Scope, Script } from "../scope.ts";
import { everywhere } from "./base.ts";

/** Counts that may or may not have taken effect are those of who suffered something. */
function counter(book: Book): Play {
  const sums: number[] = [];
  const state = { sure: 0, most: 0 };
  const adds: Script = async (me) => {
    const own = me.coord.counter("x");
    for (let round = 0; round < 2; round += 1) {
      state.most += 1;
      const sum = await me.trying((signal) => own.add(1, { signal }));
      if (sum === null) continue;
      state.sure += 1;
      if (sums.includes(sum)) book.broken("EachSumOnce", { who: me.id, sum });
      sums.push(sum);
      await me.step();
    }
  };
  return {
    scripts: [adds, adds],
    after: async ({ coord }) => {
      const sum = await coord.counter("x").get();
      if (sum < state.sure || sum > state.most) book.broken("CountsOnce", { sum, ...state });
    },
  };
}

/** Ids of blocks of two. */
function ids(book: Book): Play {
  const seen = new Set<number>();
  const asks: Script = async (me) => {
    const own = me.coord.ids("x", { block: 2 });
    const ask = async (): Promise<void> => {
      const id = await me.trying((signal) => own.next({ signal }));
      if (id === null) return;
      if (seen.has(id)) book.broken("EachIdOnce", { who: me.id, id });
      seen.add(id);
    };
    await Promise.all([ask(), ask(), ask()]);
  };
  return { scripts: [asks, asks] };
}

const joins: Script = async (me) => {
  const membership = await me.trying((signal) => me.coord.group("x").join({}, { id: me.id, signal }));
  if (membership === null) return;
  await me.step();
  await membership.update({ at: "work" });
  await me.step();
  await membership.leave();
};

/** Who is in a group, and what those see who watch it. */
function group(book: Book): Play {
  const watches: Script = async (me) => {
    const members = new Map<string, number>();
    await me.trying(async (signal) => {
      for await (const change of me.coord.group("x").watch({ signal })) {
        for (const { id, joined } of change.left) {
          if (members.get(id) !== joined) book.broken("LeftOnce", { id, joined });
          members.delete(id);
        }
        for (const { id, joined } of change.joined) {
          if (members.has(id)) book.broken("JoinedOnce", { id, joined });
          members.set(id, joined);
        }
        const told = change.members.map(({ id }) => id).join();
        if (told !== [...members.keys()].toSorted().join()) book.broken("ChangesAddUp", { told });
      }
    });
    if (me.process.suffered.has("end") && members.size > 0)
      book.broken("EveryChangeIsTold", { left: [...members.keys()] });
  };
  return {
    scripts: [joins, joins, watches],
    mayWait: (waiting) => waiting.join() === "c",
    after: async ({ coord }) => {
      const left = await coord.group("x").members();
      if (left.length > 0) book.broken("NothingIsLeft", { left: left.map(({ id }) => id) });
    },
  };
}

/** Counters, ids, groups. */
export const counts: readonly Scope[] = [
  ...everywhere({ name: "counter", title: "two who count", begin: counter }),
  ...everywhere({ name: "ids", title: "two who ask for ids", begin: ids }),
  ...everywhere({ name: "group", title: "two who join and leave, and one who watches", begin: group }),
];
