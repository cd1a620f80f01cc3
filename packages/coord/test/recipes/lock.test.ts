import { expect, test, vi } from "vitest";
import { type Acl, permissions } from "../../src/client/index.ts";
import type { LockHold } from "../../src/recipes/lock-api.ts";
import { clientProtocol } from "../../src/wire/messages.ts";
import { decodeServerMessage } from "../../src/wire/server-codec.ts";
import { nothing, remains } from "./places.ts";
import { isPending, rejection, World } from "./world.ts";

const lost = { code: "ERR_FLOTILLA_LOST" };

test("one holds at a time, in the order they came, with growing epochs", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  const first = await world.until(a.coord.lock("x").acquire());
  const second = b.coord.lock("x").acquire();
  await world.pass(50);
  const third = c.coord.lock("x").acquire();
  await world.pass(500);
  expect(await isPending(second)).toBe(true);
  await world.until(first.release());
  const next = await world.until(second);
  expect(await isPending(third)).toBe(true);
  expect(first.signal.aborted).toBe(true);
  await world.until(next.release());
  const last = await world.until(third);
  expect([first.epoch, next.epoch, last.epoch]).toEqual(
    [first.epoch, next.epoch, last.epoch].toSorted((p, q) => p - q),
  );
  await world.until(last.release());
  expect(await remains(world, a, "/lock/x")).toEqual(nothing);
});

test("an uncontended lock and release are two writes once the lock was ever held", async () => {
  const world = await World.start();
  const { coord, session } = await world.client();
  await world.until(coord.lock("x").run(() => {}));
  const before = await world.until(session.put("/mark", ""));
  await world.until(coord.lock("x").run(() => {}));
  const after = await world.until(session.put("/mark", ""));
  expect(after.revision - before.revision).toBe(3);
});

test("whoever was handed a lock hears when its place is taken away", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const first = await world.until(a.coord.lock("x").acquire());
  const second = b.coord.lock("x").acquire();
  await world.pass(50);
  await world.until(first.release());
  const held = await world.until(second);
  await world.pass(50);
  expect(held.signal.aborted).toBe(false);
  await world.until(a.session.delete(held.fence.path, { force: true }));
  await world.pass(50);
  expect(held.signal.reason).toMatchObject(lost);
});

test("a waiter whose node somebody wrote to does not hold for that, and has its turn", async () => {
  const world = await World.start();
  const [a, b, c] = await world.three();
  const first = await world.until(a.coord.lock("x").acquire());
  const second = b.coord.lock("x").acquire();
  await world.pass(50);
  const { line } = await remains(world, c, "/lock/x");
  const [waiter] = line.filter((name) => !first.fence.path.endsWith(name));
  await world.until(c.session.set(`/lock/x/line/${waiter}`, "scribble"));
  await world.pass(100);
  expect(await isPending(second)).toBe(true);
  await world.until(first.release());
  const held = await world.until(second);
  expect(held.epoch).toBe((await world.until(c.session.exists(held.fence.path)))?.mzxid);
});

test("a fence of a lock refuses writes once somebody else holds", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const first = await world.until(a.coord.lock("x").acquire());
  await world.until(a.session.put("/job", "1", { fence: first.fence }));
  const second = b.coord.lock("x").acquire();
  await world.pass(50);
  await world.until(first.release());
  await world.until(second);
  const late = rejection(a.session.put("/job", "2", { fence: first.fence }));
  expect(await world.until(late)).toMatchObject({ code: "ERR_FLOTILLA_FENCED" });
});

test("an attempt takes what is free, and leaves nothing behind where it is not", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const held = await world.until(a.coord.lock("x").tryAcquire());
  expect(held).not.toBeNull();
  expect(await world.until(b.coord.lock("x").tryAcquire())).toBeNull();
  expect((await remains(world, b, "/lock/x")).line).toHaveLength(1);
  await world.until(held!.release());
  const again = await world.until(b.coord.lock("x").tryAcquire());
  expect(again!.epoch).toBeGreaterThan(held!.epoch);
});

test("an attempt takes the place of a holder that died", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  const held = await world.until(a.coord.lock("x").acquire());
  world.kernel.node(a.machine).crash();
  await world.pass(4_000);
  const next = await world.until(b.coord.lock("x").tryAcquire());
  expect(next!.epoch).toBeGreaterThan(held.epoch);
});

test("what stands in line and is nobody keeps no attempt from what is free", async () => {
  const world = await World.start();
  const a = await world.client({ auth: [{ user: "ann", password: "a" }] });
  const b = await world.client();
  const acl: Acl = [{ scheme: "auth", id: "", permissions: permissions.all }];
  for (const kind of ["lock", "semaphore"]) {
    for (const above of [`/${kind}`, `/${kind}/x`, `/${kind}/x/line`])
      await world.until(a.session.create(above));
    await world.until(a.session.create(`/${kind}/x/line/stray`));
    await world.until(a.session.create(`/${kind}/x/line/hidden`, "", { acl }));
  }
  const semaphore = b.coord.semaphore("x", { permits: 3 });
  const attempts = [
    () => b.coord.lock("x").tryAcquire({ timeoutMs: 1_000 }),
    () => semaphore.tryAcquire({ timeoutMs: 1_000 }),
    () => semaphore.tryAcquire({ timeoutMs: 1_000 }),
    () => semaphore.acquire({ timeoutMs: 1_000 }),
  ];
  const helds = [];
  for (const attempt of attempts) helds.push(await world.until(attempt()));
  expect(helds).not.toContain(null);
  expect(await world.until(b.coord.lock("x").tryAcquire())).toBeNull();
  expect(await world.until(semaphore.tryAcquire())).toBeNull();
  for (const held of helds) await world.until(held?.release() ?? Promise.resolve());
  expect(await remains(world, a, "/semaphore/x")).toEqual({ line: ["hidden", "stray"], record: false });
});

test("a wait that is bounded ends in time and leaves the line", async () => {
  const world = await World.start();
  const [a, b, c] = await world.three();
  const held = await world.until(a.coord.lock("x").acquire());
  const error = await world.until(rejection(b.coord.lock("x").acquire({ timeoutMs: 300 })));
  expect(error).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
  await world.pass(100);
  expect((await remains(world, c, "/lock/x")).line).toHaveLength(1);
  const next = c.coord.lock("x").acquire();
  await world.pass(50);
  await world.until(held.release());
  await world.until(next);
});

test("run gives back what its work returned, and the lock whatever became of it", async () => {
  const world = await World.start();
  const a = await world.client();
  const lock = a.coord.lock("x");
  expect(await world.until(lock.run((held) => held.epoch))).toBeGreaterThan(0);
  const failing = lock.run(() => Promise.reject(new Error("broken")));
  expect(await world.until(rejection(failing))).toMatchObject({ message: "broken" });
  const early = lock.run(async (held) => {
    await held.release();
    return "done";
  });
  expect(await world.until(early)).toBe("done");
  expect(await remains(world, a, "/lock/x")).toEqual(nothing);
});

test("run says so when the lock was lost before the work was done", async () => {
  const world = await World.start(3);
  const [a, b] = await world.three();
  const done: LockHold[] = [];
  const working = a.coord.lock("x").run(async (held) => {
    done.push(held);
    await new Promise((resolve) => {
      held.signal.addEventListener("abort", resolve);
    });
    return "done";
  });
  const failing = rejection(
    b.coord.lock("y").run(async (held) => {
      await new Promise((resolve) => {
        held.signal.addEventListener("abort", resolve);
      });
      throw new Error("stopped half way");
    }),
  );
  const failed = rejection(working);
  await world.pass(500);
  world.isolate(a);
  world.isolate(b);
  await world.pass(5_000);
  world.heal(a);
  world.heal(b);
  expect(await world.until(failed)).toMatchObject(lost);
  expect(await world.until(failing)).toMatchObject({ ...lost, cause: { message: "stopped half way" } });
  expect(done).toHaveLength(1);
});

test("who holds and who waits can be looked at", async () => {
  const world = await World.start();
  const [a, b, c] = await world.three();
  const empty = await world.until(c.coord.lock("x").inspect());
  expect(empty).toEqual({ holders: [], waiters: [] });
  const held = await world.until(a.coord.lock("x", { id: "a", value: "deploy" }).acquire());
  void b.coord.lock("x", { id: "b", priority: -1 }).acquire();
  await world.pass(50);
  void c.coord.lock("x", { id: "c" }).acquire();
  await world.pass(50);
  const report = await world.until(c.coord.lock("x").inspect());
  expect(report).toEqual({
    holders: [
      { id: "a", value: "deploy", priority: 0, permits: 1, epoch: held.epoch, sinceMs: expect.any(Number) },
    ],
    waiters: [
      { id: "c", value: "", priority: 0, permits: 1 },
      { id: "b", value: "", priority: -1, permits: 1 },
    ],
  });
});

test("a holder that listens is asked for the lock, before and after it began to listen", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  expect(await world.until(b.coord.lock("x").askBack())).toBe(0);
  const held = await world.until(a.coord.lock("x").acquire());
  const asked = await world.until(held.askedBack());
  await world.pass(1_000);
  expect(asked.aborted).toBe(false);
  expect(await world.until(b.coord.lock("x").askBack())).toBe(1);
  expect(await world.until(c.coord.lock("x").askBack())).toBe(1);
  await world.pass(100);
  expect(asked.reason).toMatchObject({ code: "ERR_FLOTILLA_ASKED_BACK" });
  expect(held.signal.aborted).toBe(false);
  await world.until(held.release());
  await world.pass(500);
  expect(await world.until(c.session.children("/lock/x/asked"))).toMatchObject({ names: [] });
  const next = await world.until(a.coord.lock("x").acquire());
  expect(await world.until(b.coord.lock("x").askBack())).toBe(1);
  const late = await world.until(next.askedBack());
  await world.pass(100);
  expect(late.aborted).toBe(true);
});

test("a request stands while whoever asked is there, however many asked before and are gone", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  const held = await world.until(a.coord.lock("x").acquire());
  expect(await world.until(b.coord.lock("x").askBack())).toBe(1);
  expect(await world.until(c.coord.lock("x").askBack())).toBe(1);
  expect(await world.until(c.coord.lock("x").askBack())).toBe(1);
  await world.until(b.coord.close());
  await world.pass(500);
  const asked = await world.until(held.askedBack());
  await world.pass(100);
  expect(asked.aborted).toBe(true);
  await world.until(held.release());
  await world.pass(500);
  expect((await world.until(a.session.children("/lock/x/asked")))?.names ?? []).toEqual([]);
});

test("nobody asks any more once all who did are gone", async () => {
  const world = await World.start(3);
  const [a, b, c] = await world.three();
  const held = await world.until(a.coord.lock("x").acquire());
  await world.until(b.coord.lock("x").askBack());
  await world.until(b.coord.close());
  const asked = await world.until(held.askedBack());
  await world.pass(500);
  expect(asked.aborted).toBe(false);
  await world.until(c.coord.lock("x").askBack());
  await world.pass(100);
  expect(asked.aborted).toBe(true);
});

test("a request stands no longer than the holder, at whichever moment whoever asked gave up waiting", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  await world.until(a.coord.lock("first").acquire());
  const length = await world.eventsUntil(b.coord.lock("first").askBack());
  const names = Array.from({ length }, (_, k) => `x${k}`);
  for (const [events, name] of names.entries()) {
    const held = await world.until(a.coord.lock(name).acquire());
    const controller = new AbortController();
    const asking = b.coord.lock(name).askBack({ signal: controller.signal });
    asking.catch(() => {});
    await world.events(events);
    controller.abort();
    await world.pass(100);
    await world.until(held.release());
  }
  await world.pass(500);
  const asked = names.map((name) => b.session.children(`/lock/${name}/asked`));
  const pages = await world.until(Promise.all(asked));
  expect(pages.flatMap((page) => page?.names ?? [])).toEqual([]);
});

test("however often whoever asks gives up waiting, its request is seen to once while the holder is there", async () => {
  const world = await World.start();
  const [a, b] = await world.three();
  await world.until(a.coord.lock("first").acquire());
  const length = await world.eventsUntil(b.coord.lock("first").askBack());
  const held = await world.until(a.coord.lock("x").acquire());
  const watched = vi.spyOn(b.session, "watch");
  for (let events = 0; events < length; events += 1) {
    const controller = new AbortController();
    b.coord
      .lock("x")
      .askBack({ signal: controller.signal })
      .catch(() => {});
    await world.events(events);
    controller.abort();
    await world.pass(100);
  }
  expect(watched).toHaveBeenCalledTimes(1);
  await world.until(held.release());
  await world.pass(500);
  expect((await world.until(b.session.children("/lock/x/asked")))?.names ?? []).toEqual([]);
});

test("who listens for requests is bounded by its own time and signal, not by another's", async () => {
  const world = await World.start();
  const [a, b] = await world.three({ sessionTtlMs: 60_000 });
  const held = await world.until(a.coord.lock("x").acquire());
  world.isolate(a);
  const controller = new AbortController();
  const first = rejection(held.askedBack({ signal: controller.signal }));
  const begunMs = world.kernel.nowMs;
  const second = rejection(held.askedBack({ timeoutMs: 300 }));
  expect(await world.until(second)).toMatchObject({ code: "ERR_FLOTILLA_TIMEOUT" });
  expect(world.kernel.nowMs - begunMs).toBeLessThan(310);
  const third = held.askedBack();
  controller.abort();
  expect(await world.until(first)).toMatchObject({ code: "ERR_FLOTILLA_ABORTED" });
  world.heal(a);
  const asked = await world.until(third);
  await world.until(b.coord.lock("x").askBack());
  await world.pass(100);
  expect(asked.aborted).toBe(true);
});

test("whoever is asked is woken once, at whichever moment others ask", async () => {
  const world = await World.start();
  const [a, b, c] = await world.three();
  const held = await world.until(a.coord.lock("x").acquire());
  await world.until(held.askedBack());
  let told = 0;
  const stop = world.kernel.network.onSend(({ to, protocol, frame }) => {
    if (protocol !== clientProtocol || to !== a.machine) return;
    const message = decodeServerMessage(frame);
    if (message.type === "events") told += 1;
  });
  await world.until(Promise.all([b.coord.lock("x").askBack(), c.coord.lock("x").askBack()]));
  await world.pass(500);
  stop();
  expect(told).toBe(1);
});

test("a lock that does not say so waits for itself", async () => {
  const world = await World.start();
  const a = await world.client();
  const lock = a.coord.lock("x");
  await world.until(lock.acquire());
  expect(await world.until(lock.tryAcquire())).toBeNull();
});

test("names and options that make no sense are refused", async () => {
  const world = await World.start();
  const { coord } = await world.client();
  const bad = expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  for (const name of ["", "a/b", "."]) expect(() => coord.lock(name)).toThrow(bad);
  expect(() => coord.lock("x", { id: "" })).toThrow(bad);
  expect(() => coord.lock("x", { priority: 0.5 })).toThrow(bad);
  for (const permits of [0, 1_001, 1.5, Number.NaN])
    expect(() => coord.semaphore("x", { permits })).toThrow(bad);
  for (const permits of [0, 4, 1.5])
    await expect(coord.semaphore("x", { permits: 3 }).acquire({ permits })).rejects.toEqual(bad);
});
