import { expect, test } from "vitest";
import { waiterRecord } from "../../src/recipes/line.ts";
import { rejection, World } from "./world.ts";

const long = "x".repeat(70_000);

test("what nobody else could stand beside is refused, and nothing of it is left", async () => {
  const world = await World.start(1);
  const { coord, session } = await world.client();
  const tooLarge = { code: "ERR_FLOTILLA_TOO_LARGE" };
  const lock = coord.readWriteLock("x", { value: "x".repeat(700) });
  expect(await rejection(world.until(lock.read.acquire()))).toMatchObject(tooLarge);
  expect(await rejection(world.until(coord.lock("x", { value: long }).acquire()))).toMatchObject(tooLarge);
  expect(await rejection(world.until(coord.election("x", { value: long }).campaign()))).toMatchObject(
    tooLarge,
  );
  const leadership = await world.until(coord.election("x", { value: "x".repeat(60_000) }).campaign());
  expect(await rejection(world.until(leadership.proclaim(long)))).toMatchObject(tooLarge);
  leadership.assert();
  for (const line of ["/read-write-lock/x/line", "/lock/x/line"])
    expect((await world.until(session.children(line)))?.names ?? []).toEqual([]);
});

test("as many as can hold at once are let in together", async () => {
  const world = await World.start(1);
  const { coord } = await world.client();
  const places = 10;
  const semaphore = coord.semaphore("x", { permits: places, value: "\0".repeat(10_000) });
  const all = await world.until(coord.semaphore("x", { permits: places }).acquire({ permits: places }));
  const waiting = Array.from({ length: places }, () => semaphore.acquire());
  await world.pass(1_000);
  await world.until(all.release());
  expect((await world.until(Promise.all(waiting))).length).toBe(places);
});

test("a holder leaves although those behind it are more than a record holds", async () => {
  const world = await World.start(1);
  const { coord, session } = await world.client();
  const writer = coord.readWriteLock("x").write;
  const held = await world.until(writer.acquire());
  const other = await world.client();
  for (const name of ["a", "b", "c"]) {
    const standing = { id: name, value: "x".repeat(400_000), priority: 0, permits: 1, places: 1_000 };
    await world.until(
      other.session.create(`/read-write-lock/x/line/${name}`, waiterRecord(standing), {
        ephemeral: true,
        guarded: true,
      }),
    );
  }
  await world.until(held.release());
  expect((await world.until(session.children("/read-write-lock/x/line")))?.names).toEqual(["a", "b", "c"]);
  await world.until(other.session.close());
  await world.until(writer.acquire());
});
