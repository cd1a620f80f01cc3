import type { AcquireOptions, LockHold, Locking, PermitOptions } from "@flotilla/coord";
import type { Me, Share } from "../me.ts";
import type { Process } from "../process.ts";
import type { Scope, Script } from "../scope.ts";
import { everywhere, nobodyAsks } from "./base.ts";

/** What one takes, and how it comes by it. */
interface Taking {
  readonly share: Share;
  readonly of: (me: Pick<Me, "coord" | "id">) => Locking<PermitOptions>;
}

const lock: Taking = {
  share: { name: "lock", permits: 1, places: 1 },
  of: ({ coord, id }) => coord.lock("x", { id }),
};

/** So many of two. */
function permits(count: 1 | 2): Taking {
  return {
    share: { name: "semaphore", permits: count, places: 2 },
    of: ({ coord, id }) => coord.semaphore("x", { permits: 2, id }),
  };
}

const reading: Taking = {
  share: { name: "read-write", permits: 1, places: 1_000 },
  of: ({ coord, id }) => coord.readWriteLock("x", { id }).read,
};
const writing: Taking = {
  share: { name: "read-write", permits: 1_000, places: 1_000 },
  of: ({ coord, id }) => coord.readWriteLock("x", { id }).write,
};

function optionsOf({ share }: Taking, signal: AbortSignal): AcquireOptions & PermitOptions {
  return share.name === "semaphore" ? { signal, permits: share.permits } : { signal };
}

/** Resolves when the first of them fires. */
function firstOf(signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve());
    }
  });
}

/** Holds it for as long as that may take, and gives it back. */
async function holding(me: Me, { share }: Taking, held: LockHold | null): Promise<void> {
  if (held === null) return;
  me.took(share, held);
  await me.step();
  await me.gives(held);
}

function inTurn(taking: Taking, rounds = 1): Script {
  return async (me) => {
    for (let round = 0; round < rounds; round += 1) {
      const held = await me.trying((signal) => taking.of(me).acquire(optionsOf(taking, signal)));
      await holding(me, taking, held);
    }
  };
}

function atOnce(taking: Taking): Script {
  return async (me) => {
    const held = await me.trying((signal) => taking.of(me).tryAcquire(optionsOf(taking, signal)));
    await holding(me, taking, held);
  };
}

/** One who asks twice at once, by the same object. */
const twice: Script = async (me) => {
  const own = me.coord.lock("x", { id: me.id, reentrant: true });
  const once = async (): Promise<void> => {
    const held = await me.trying((signal) => own.acquire({ signal }));
    await holding(me, lock, held);
  };
  await Promise.all([once(), once()]);
  await holding(me, lock, await me.trying((signal) => own.tryAcquire({ signal })));
};

/** Holds it until somebody asks for it, or in the end. */
const untilAsked: Script = async (me) => {
  const held = await me.trying((signal) => lock.of(me).acquire({ signal }));
  if (held === null) return;
  me.took(lock.share, held);
  await me.trying(async (signal) => {
    const asked = await held.askedBack({ signal });
    await firstOf([asked, signal]);
    signal.throwIfAborted();
  });
  await me.gives(held);
};

/** Asks for it back, and takes it in turn. */
const asksBack: Script = async (me) => {
  const ask = async (): Promise<void> => {
    await me.step();
    await me.trying((signal) => lock.of(me).askBack({ signal }));
  };
  await Promise.all([inTurn(lock)(me), ask()]);
};

/** Takes two locks, whatever order they are given in. */
function both(names: readonly string[]): Script {
  return async (me) => {
    const set = me.coord.lockSet(names.map((name) => me.coord.lock(name, { id: me.id })));
    const held = await me.trying((signal) => set.acquire({ signal }));
    if (held === null) return;
    for (const [at, hold] of held.holds.entries())
      me.took({ name: `lock ${names[at] ?? ""}`, permits: 1, places: 1 }, hold);
    await me.step();
    for (const hold of held.holds) me.mayLose(hold);
    await held.release();
  };
}

function scope(name: string, title: string, scripts: readonly Script[], taking?: Taking): Scope[] {
  // Whoever was there before has left the nodes above.
  const before = async ({ coord, id }: Process): Promise<void> => taking?.of({ coord, id }).run(() => {});
  return everywhere({ name, title, begin: () => ({ scripts, before }) });
}

/** Locks, semaphores and read-write locks. */
export const locks: readonly Scope[] = [
  ...scope("lock-first", "two who are the first to take a lock", [inTurn(lock), inTurn(lock)]),
  ...scope("lock-two", "two who take a lock in turn", [inTurn(lock), inTurn(lock)], lock),
  ...scope("lock-three", "three who take a lock in turn", [inTurn(lock), inTurn(lock), inTurn(lock)], lock),
  ...scope("lock-again", "two who take a lock twice each", [inTurn(lock, 2), inTurn(lock, 2)], lock),
  ...scope("lock-try", "one who tries beside two who wait", [inTurn(lock), atOnce(lock), inTurn(lock)], lock),
  ...scope("semaphore-first", "two who are the first to share permits", [
    inTurn(permits(1)),
    inTurn(permits(1)),
  ]),
  ...scope(
    "semaphore",
    "three who share two permits",
    [inTurn(permits(1)), inTurn(permits(1)), inTurn(permits(1))],
    permits(1),
  ),
  ...scope(
    "semaphore-both",
    "one who takes both permits beside two who take one",
    [inTurn(permits(1)), inTurn(permits(2)), inTurn(permits(1))],
    permits(1),
  ),
  ...scope(
    "semaphore-try",
    "one who tries for a permit beside two who wait",
    [inTurn(permits(2)), atOnce(permits(1)), inTurn(permits(1))],
    permits(1),
  ),
  ...scope(
    "readers",
    "a writer beside two readers",
    [inTurn(reading), inTurn(writing), inTurn(reading)],
    reading,
  ),
  ...scope(
    "writers",
    "a reader beside two writers",
    [inTurn(writing), inTurn(reading), inTurn(writing)],
    reading,
  ),
  ...scope("reentrant", "one who takes a lock twice at once, and another", [twice, inTurn(lock)], lock),
  ...everywhere({
    name: "ask-back",
    title: "a lock that is asked back",
    begin: (book) => ({
      scripts: [untilAsked, asksBack, inTurn(lock)],
      mayWait: (ids) => ids.includes("a"),
      after: nobodyAsks(book, "/lock/x"),
    }),
  }),
  ...scope("lock-set", "two who take two locks, in other orders", [both(["x", "y"]), both(["y", "x"])]),
];
