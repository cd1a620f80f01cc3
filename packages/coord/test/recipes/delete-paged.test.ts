import type { MultiItem, Session } from "../../src/client/api.ts";
import { deletePaged } from "../../src/recipes/delete-paged.ts";
import { expect, test } from "vitest";
import { rejection, World } from "./world.ts";

/** Makes this many children, a thousand at a time. */
async function fill(world: World, session: Session, parent: string, count: number): Promise<void> {
  await world.until(session.create(parent));
  for (let start = 0; start < count; start += 1_000) {
    const length = Math.min(1_000, count - start);
    const items = Array.from({ length }, (_, k): MultiItem => ({
      type: "create",
      path: `${parent}/${start + k}`,
    }));
    await world.until(session.multi(items));
  }
}

test("deletes at once what one command takes, and says what it does not take", async () => {
  const world = await World.start();
  const { session } = await world.client();
  await fill(world, session, "/a", 9_999);
  await world.until(session.create("/a/7/deep"));
  expect(await world.until(session.usage("/a"))).toEqual({ nodes: 10_001, bytes: 0 });
  expect(await world.until(session.usage("/a", { level: "local" }))).toEqual({ nodes: 10_001, bytes: 0 });
  expect(await world.until(session.usage("/none"))).toBeNull();
  expect(await world.until(rejection(session.delete("/a", { recursive: true })))).toMatchObject({
    code: "ERR_FLOTILLA_LIMIT",
    message: expect.stringContaining("deletePaged"),
  });
  expect(await world.until(session.delete("/a/7", { recursive: true }))).toBe(true);
  expect(await world.until(session.delete("/a", { recursive: true }))).toBe(true);
  expect(await world.until(session.delete("/a", { recursive: true }))).toBe(false);
});

test("deletes any number bit by bit, and nothing beside them", async () => {
  const world = await World.start();
  const { session } = await world.client({ sessionTtlMs: 60_000 });
  await world.until(session.create("/a"));
  await fill(world, session, "/a/wide", 10_500);
  await fill(world, session, "/a/other", 3);
  await world.until(session.create("/a-b"));
  await world.until(deletePaged(session, "/a"));
  expect(await world.until(session.children("/"))).toMatchObject({ names: ["a-b"] });
  await world.until(deletePaged(session, "/a"));
});

test("stops at what another session holds, and takes it when forced", async () => {
  const world = await World.start();
  const [{ session: holder }, { session }] = await world.three();
  await world.until(session.create("/a"));
  await world.until(holder.create("/a/held", "", { ephemeral: true, guarded: true }));
  expect(await world.until(rejection(deletePaged(session, "/a")))).toMatchObject({
    code: "ERR_FLOTILLA_HELD",
  });
  expect(await world.until(session.usage("/a"))).toEqual({ nodes: 2, bytes: 0 });
  await world.until(deletePaged(session, "/a", { force: true }));
  expect(await world.until(session.exists("/a"))).toBeNull();
});
