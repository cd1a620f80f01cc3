import type { KeptWorker, Slot } from "@flotilla/coord";
import type { Book } from "../book.ts";
import type { Me } from "../me.ts";
import type { Play, Scope, Script } from "../scope.ts";
import { everywhere } from "./base.ts";

const replicas = 2;

/** A worker of nothing, which ends when it is told to; one that is stubborn has to be killed. */
class Worker implements KeptWorker {
  readonly me: Me;
  readonly slot: Slot;
  readonly isStubborn: boolean;
  readonly ended: Promise<string>;
  isRunning = true;
  #end: (how: string) => void = () => {};

  constructor(me: Me, slot: Slot, isStubborn: boolean) {
    this.me = me;
    this.slot = slot;
    this.isStubborn = isStubborn;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  stop(): void {
    if (!this.isStubborn) this.end("it was asked to");
  }

  kill(): void {
    this.end("it was killed");
  }

  end(how: string): void {
    this.isRunning = false;
    this.#end(how);
  }
}

/** Two who keep two workers, of which one ends once by itself. @param leaves the first of them leaves, and workers are stubborn */
function keeper(leaves: boolean): (book: Book) => Play {
  return (book) => {
    const workers: Worker[] = [];
    const runningIn = (index: number): Worker[] =>
      workers.filter((one) => one.slot.index === index && one.isRunning && !one.me.process.isDead);
    const keeps =
      (isLeaving: boolean): Script =>
      async (me) => {
        const driver = (slot: Slot): KeptWorker => {
          if (runningIn(slot.index).length > 0)
            book.broken("OneWorkerASlot", { who: me.id, index: slot.index });
          const worker = new Worker(me, slot, leaves);
          if (workers.length === 0) void me.step().then(() => worker.end("it was over"));
          workers.push(worker);
          return worker;
        };
        const own = me.coord.keeper("x", { replicas, driver, drainMs: 100, id: me.id });
        const running = me.trying((signal) => own.run({ signal }));
        if (isLeaving) {
          await me.step();
          me.abort("end");
        }
        await running;
        if (workers.some((one) => one.me === me && one.isRunning))
          book.broken("AllHaveEnded", { who: me.id });
      };
    return {
      scripts: [keeps(leaves), keeps(false)],
      mayWait: (waiting) => {
        for (let index = 0; index < replicas; index += 1)
          if (runningIn(index).length === 0) book.broken("EverySlotHasAWorker", { index, waiting });
        return true;
      },
    };
  };
}

/** Ticks after which nobody takes part any more. */
const ticks = 3;

/** Two who take up the ticks of a job. */
function cron(book: Book): Play {
  const runs = new Map<number, string>();
  const all: Me[] = [];
  const takesPart: Script = async (me) => {
    all.push(me);
    const own = me.coord.cron("x", { schedule: "* * * * * *" });
    await me.trying((signal) =>
      own.run(
        async ({ tickMs, signal: over, expiresIn }) => {
          if (over.aborted || expiresIn <= 0) book.broken("HandedOutHeld", { who: me.id, tickMs });
          if (runs.has(tickMs)) book.broken("OnceATick", { who: me.id, tickMs, before: runs.get(tickMs) });
          runs.set(tickMs, me.id);
          await me.step();
          if (runs.size >= ticks) for (const each of all) each.abort("end");
        },
        { signal },
      ),
    );
  };
  return {
    scripts: [takesPart, takesPart],
    after: async ({ coord }) => {
      const history = await coord.cron("x", { schedule: "* * * * * *" }).history();
      const missing = [...runs.keys()].filter((tickMs) => !history.some((run) => run.tickMs === tickMs));
      if (missing.length > 0) book.broken("RunsAreRemembered", { missing });
      const numbers = history.map(({ number }) => number);
      if (numbers.some((number, k) => k > 0 && number !== (numbers[k - 1] ?? 0) - 1))
        book.broken("NumbersRiseByOne", { numbers });
    },
  };
}

const anyNumber = {
  "~standard": {
    version: 1 as const,
    vendor: "explored",
    validate: (value: unknown) => ({ value: Number(value) }),
  },
};

/** Two who change a document, and one who follows it. */
function config(book: Book): Play {
  const state = { told: 0, hasHeardAll: false };
  const changes: Script = async (me) => {
    const own = me.coord.config("x", { schema: anyNumber, by: me.id });
    for (let round = 0; round < 2; round += 1) {
      const made = await me.trying((signal) => own.update((value) => (value ?? 0) + 1, { signal }));
      if (made !== null && made.value !== made.version) book.broken("EachVersionOnce", { ...made });
      await me.step();
    }
  };
  const watches: Script = async (me) => {
    await me.trying(async (signal) => {
      for await (const { version, value } of me.coord.config("x", { schema: anyNumber }).watch({ signal })) {
        if (state.told > 0 && version !== state.told + 1)
          book.broken("EveryVersionInOrder", { version, ...state });
        if (value !== version) book.broken("EachVersionOnce", { version, value });
        state.told = version;
      }
    });
    state.hasHeardAll = !me.process.suffered.has("abort") && !me.process.suffered.has("cut");
  };
  return {
    scripts: [changes, changes, watches],
    mayWait: (waiting) => waiting.join() === "c",
    after: async ({ coord }) => {
      const own = coord.config("x", { schema: anyNumber });
      const latest = await own.get();
      const history = await own.history();
      if (history.length !== (latest?.version ?? 0))
        book.broken("EveryVersionIsKept", { kept: history.length });
      if (state.hasHeardAll && state.told !== latest?.version)
        book.broken("TheLatestIsTold", { told: state.told, latest: latest?.version });
    },
  };
}

/** What goes on by itself, and what steers it. */
export const jobs: readonly Scope[] = [
  ...everywhere({ name: "keeper", title: "two who keep two workers", begin: keeper(false) }),
  ...everywhere({ name: "keeper-leave", title: "one of two keepers leaves", begin: keeper(true) }),
  ...everywhere({ name: "cron", title: "two who take up the ticks of a job", begin: cron }),
  ...everywhere({
    name: "config",
    title: "two who change a document, and one who follows it",
    begin: config,
  }),
];
