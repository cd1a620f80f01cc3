import type { Leadership } from "@flotilla/coord";
import type { Book } from "../book.ts";
import type { Me, Share } from "../me.ts";
import type { Play, Scope, Script } from "../scope.ts";
import { everywhere, fired, nobodyAsks } from "./base.ts";

/** At whether somebody leads. */
const mostLooks = 20;

const lead: Share = { name: "election", permits: 1, places: 1 };

/** @param isForced somebody may be forced out, who hears of it late: only its fence holds in time */
async function campaign(me: Me, isForced = false): Promise<Leadership | null> {
  const leadership = await me.trying((signal) => me.coord.election("x", { id: me.id }).campaign({ signal }));
  if (leadership !== null && !isForced) me.took(lead, leadership);
  return leadership;
}

const leads: Script = async (me) => {
  const leadership = await campaign(me);
  if (leadership === null) return;
  await me.step();
  await me.gives(leadership);
};

/** Rejects when the signal fires. */
async function refusedBy(signal: AbortSignal): Promise<never> {
  await fired(signal);
  throw new Error("it was given up");
}

/** Hands over to somebody, who may be gone by then. */
function handsTo(to: string): Script {
  return async (me) => {
    const leadership = await campaign(me);
    if (leadership === null) return;
    await me.step();
    me.mayLose(leadership);
    try {
      await leadership.resign({ to });
    } catch (error) {
      if ((error as { readonly code?: string }).code !== "ERR_FLOTILLA_NOT_FOUND") throw error;
      await me.gives(leadership);
    }
  };
}

/** One who leads until somebody takes it away, one behind it, and one who does, unless it comes to nothing. */
function taking(book: Book, force: boolean): Play {
  const state = { isLeading: false };
  const leadsOn: Script = async (me) => {
    const leadership = await campaign(me, force);
    if (leadership === null) return;
    me.mayLose(leadership);
    state.isLeading = true;
    await me.trying((signal) => Promise.race([fired(leadership.signal), refusedBy(signal)]));
    state.isLeading = false;
    await leadership.release();
  };
  return {
    scripts: [leadsOn, leads, evicts(force)],
    mayWait: () => state.isLeading,
    after: nobodyAsks(book, "/election/x"),
  };
}

const evicts =
  (force: boolean): Script =>
  async (me) => {
    const election = me.coord.election("x", { id: me.id });
    for (let look = 0; look < mostLooks && (await election.leader()) === null; look += 1) await me.step();
    await me.trying((signal) => election.evict({ signal, timeoutMs: Infinity, force }));
  };

/** Leads again and again, until it is told to end. */
const runs: Script = async (me) => {
  let terms = 0;
  await me.trying((signal) =>
    me.coord.election("x", { id: me.id }).run(
      async (leadership) => {
        me.took(lead, leadership);
        me.mayLose(leadership);
        await me.step();
        terms += 1;
        if (terms === 2) me.abort();
      },
      { signal },
    ),
  );
};

function scope(name: string, title: string, begin: (book: Book) => Play): Scope[] {
  return everywhere({ name, title, begin });
}

/** Elections. */
export const elections: readonly Scope[] = [
  ...scope("election", "three candidates, each of whom leads for a while", () => ({
    scripts: [leads, leads, leads],
  })),
  ...scope("election-transfer", "a leader hands over to the last in line", () => ({
    scripts: [handsTo("c"), leads, leads],
    isOutOfTurn: true,
  })),
  ...scope("election-evict", "a leader is asked to give up", (book) => taking(book, false)),
  ...scope("election-force", "a leader is forced out", (book) => taking(book, true)),
  ...scope("election-run", "two who lead again and again", () => ({ scripts: [runs, runs] })),
];
