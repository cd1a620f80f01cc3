import type { AcquireOptions, LockHold, Locking, PermitOptions } from "@flotilla/coord";
import type { Me, Share } from "../me.ts";
import type { Process } from "../process.ts";
import type { Scope, Script } from "../scope.ts";
import { everywhere } from "./base.ts";

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
];
