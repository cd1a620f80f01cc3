import { expect, test } from "vitest";
import type { Session } from "../../src/client/api.ts";
import type { Held } from "../../src/recipes/api.ts";
import type { Locking, PermitOptions } from "../../src/recipes/lock-api.ts";
import { createElection } from "../../src/recipes/election.ts";
import { createLock } from "../../src/recipes/lock.ts";
import { createSemaphore } from "../../src/recipes/semaphore.ts";
import { isPending, rejection, World } from "./world.ts";

/** Calls of a session that are held up while it is closed. */
class Gate {
  #open: () => void = () => {};
  #opened: Promise<void> = Promise.resolve();

  close(): void {
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#open();
  }

  /** @param isMeant which calls of that name are held up */
  before(session: Session, name: keyof Session, isMeant: (options: unknown) => boolean): Session {
    return new Proxy(session, {
      get: (target, key): unknown => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        return async (...given: unknown[]) => {
          if (key === name && isMeant(given.at(-1))) await this.#opened;
          return Reflect.apply(value, target, given);
        };
      },
    });
  }
}

function isLocal(options: unknown): boolean {
  return typeof options === "object" && options !== null && "level" in options && options.level === "local";
}

test("who finds somebody ahead granted by the line and not yet by the record has a place beside it", async () => {
  const world = await World.start(1);
  const [one, two, three] = await world.three({ sessionTtlMs: 60_000 });
  const permits = 2;
  const held = await world.until(one.coord.semaphore("x", { permits }).acquire({ permits }));
  const [claims, looks] = [new Gate(), new Gate()];
  const head = createSemaphore(
    claims.before(two.session, "multi", () => true),
    "x",
    { permits },
  ).acquire();
  await world.pass(200);
  claims.close();
  looks.close();
  await world.until(one.session.delete(held.fence.path, { force: true }));
  await world.pass(200);
  const behind = createSemaphore(looks.before(three.session, "childNodes", isLocal), "x", {
    permits,
  }).acquire();
  await world.pass(200);
  claims.open();
  await world.until(head);
  looks.open();
  expect((await world.until(behind, 1_000)).signal.aborted).toBe(false);
});

/** So many at once, each by one of three clients of a cluster of three. */
async function crowd<T>(
  seed: string,
  count: number,
  begin: (lock: Locking<PermitOptions>) => Promise<T>,
): Promise<{ readonly world: World; readonly all: Promise<T[]>; readonly applied: () => Promise<number> }> {
  const world = await World.start(3, seed);
  const clients = await world.three({ sessionTtlMs: 60_000 });
  const locks = clients.map(({ coord }) => coord.semaphore("x", { permits: 1_000 }));
  const [{ session }] = clients;
  const applied = async (): Promise<number> => (await world.until(session.status())).applied;
  const each = Array.from({ length: count / locks.length }, () => locks.map(begin));
  return { world, all: Promise.all(each.flat()), applied };
}

test.each(["1", "2"])("who tries for a place as others come has it beside them: %s", async (seed) => {
  const { world, all } = await crowd(seed, 12, (lock) => lock.tryAcquire());
  expect((await world.until(all)).map((hold) => hold !== null)).toEqual(Array(12).fill(true));
});

test("of many who try at once each looks a few times", async () => {
  const count = 60;
  const { world, all, applied } = await crowd("1", count, (lock) => lock.tryAcquire());
  const before = await applied();
  expect((await world.until(all)).every((hold) => hold !== null)).toBe(true);
  expect((await applied()) - before).toBeLessThan(8 * count);
});

test("of those who come at once the first lets the others in", async () => {
  const count = 30;
  const { world, all, applied } = await crowd("1", count, (lock) => lock.acquire());
  const before = await applied();
  await world.until(all);
  expect((await applied()) - before).toBeLessThan(8 * count);
});

test("those who leave at once are not in each other's way, and leave nothing behind", async () => {
  const count = 30;
  const { world, all, applied } = await crowd("1", count, (lock) => lock.acquire());
  const holds: readonly Held[] = await world.until(all);
  const before = await applied();
  await world.until(Promise.all(holds.map((hold) => hold.release())));
  expect((await applied()) - before).toBeLessThan(4 * count);
  const { session } = await world.client();
  expect(await world.until(session.exists("/semaphore/x/grant"))).toBe(null);
});

test("whoever waits for more holders than a session has watches waits all the same", async () => {
  const { world, all } = await crowd("1", 30, (lock) => lock.acquire());
  const holds: readonly Held[] = await world.until(all);
  const { coord, session } = await world.client({ sessionTtlMs: 60_000 });
  for (let armed = 0; armed < 975; armed += 75) {
    const some = Array.from({ length: 75 }, () => session.watch("/nothing"));
    await world.until(Promise.all(some));
  }
  const waiting = coord.semaphore("x", { permits: 1_000 }).acquire({ permits: 980 });
  await world.pass(500);
  for (const hold of holds.slice(0, 9)) await world.until(hold.release());
  await world.pass(500);
  expect(await isPending(waiting)).toBe(true);
  for (const hold of holds.slice(9, 10)) await world.until(hold.release());
  await world.until(waiting, 1_000);
});

test("who gives up as it is granted hands over", async () => {
  const world = await World.start(1);
  const [one, two] = await world.three({ sessionTtlMs: 60_000 });
  const held = await world.until(one.coord.lock("x").acquire());
  const looks = new Gate();
  const leaving = new AbortController();
  const waiting = rejection(
    createLock(looks.before(two.session, "childNodes", isLocal), "x").acquire({ signal: leaving.signal }),
  );
  await world.pass(200);
  looks.close();
  leaving.abort();
  await world.until(waiting);
  await world.pass(20);
  await world.until(held.release());
  looks.open();
  await world.pass(200);
  expect(await world.until(one.session.children("/lock/x/line"))).toMatchObject({ names: [] });
  expect(await world.until(one.session.exists("/lock/x/grant"))).toBe(null);
});

test("who is evicted as it takes over is evicted", async () => {
  const world = await World.start(1);
  const [one, two, three] = await world.three({ sessionTtlMs: 60_000 });
  const first = await world.until(one.coord.election("x").campaign());
  const second = two.coord.election("x", { id: "two" }).campaign();
  await world.pass(200);
  const looks = new Gate();
  looks.close();
  const evicting = createElection(
    looks.before(three.session, "childNodes", () => true),
    "x",
  ).evict();
  await world.pass(100);
  await world.until(first.release());
  looks.open();
  expect(await world.until(evicting)).toBe("two");
  expect((await world.until(second)).signal.aborted).toBe(true);
});

test("who takes over as a report is made holds by it", async () => {
  const world = await World.start(1);
  const [one, two, three] = await world.three({ sessionTtlMs: 60_000 });
  const first = await world.until(one.coord.lock("x").acquire());
  const second = two.coord.lock("x", { id: "two" }).acquire();
  await world.pass(200);
  const looks = new Gate();
  looks.close();
  const report = createLock(
    looks.before(three.session, "childNodes", () => true),
    "x",
  ).inspect();
  await world.pass(100);
  await world.until(first.release());
  const { epoch } = await world.until(second);
  looks.open();
  expect(await world.until(report)).toMatchObject({ holders: [{ id: "two", epoch }], waiters: [] });
});

function always(): boolean {
  return true;
}

test("nobody is let in beside those who hold before one who has waited longer and has room", async () => {
  const world = await World.start(1);
  const [one, two, three] = await world.three({ sessionTtlMs: 60_000 });
  const four = await world.client({ sessionTtlMs: 60_000 });
  const permits = 3;
  const [leaves, joins] = [new Gate(), new Gate()];
  const held = await world.until(
    createSemaphore(leaves.before(one.session, "multi", always), "x", { permits }).acquire(),
  );
  await world.until(four.coord.semaphore("x", { permits }).acquire());
  // There is a place, and nobody waits. What it writes is on its way.
  joins.close();
  const last = createSemaphore(joins.before(three.session, "multi", always), "x", { permits }).tryAcquire();
  await world.pass(100);
  leaves.close();
  const left = held.release();
  await world.pass(100);
  const first = two.coord.semaphore("x", { permits }).acquire({ permits: 2 });
  await world.pass(100);
  leaves.open();
  await world.until(left);
  joins.open();
  expect(await world.until(last)).toBeNull();
  expect((await world.until(first, 1_000)).signal.aborted).toBe(false);
});

test("a candidate that takes over amid the reads is told first, with what it says of itself", async () => {
  const world = await World.start(1);
  const [one, two, three] = await world.three({ sessionTtlMs: 60_000 });
  const four = await world.client({ sessionTtlMs: 60_000 });
  const leading = await world.until(one.coord.election("x", { id: "one", value: "1" }).campaign());
  const behind = two.coord.election("x", { id: "two" }).campaign();
  await world.pass(100);
  const named = three.coord.election("x", { id: "three", value: "3" }).campaign();
  await world.pass(100);
  const looks = new Gate();
  looks.close();
  const asked = createElection(
    looks.before(four.session, "childNodes", () => true),
    "x",
  ).candidates();
  await world.pass(100);
  await world.until(leading.resign({ to: "three" }));
  await world.until(named);
  looks.open();
  expect((await world.until(asked)).map(({ id, value }) => [id, value])).toEqual([
    ["three", "3"],
    ["two", ""],
  ]);
  expect(await isPending(behind)).toBe(true);
});
