import { expect, test } from "vitest";
import type { WatchWants } from "../../src/wire/messages.ts";
import type { RawClient } from "./world.ts";
import { historyId, put, sessionA, sessionB, spec, World } from "./world.ts";

const count = 40;
/** One message, which holds one value of each kind at most, besides what may be outstanding before it. */
const mostOutstanding = 1_048_576 + 2 * 1_048_576;
const all: WatchWants = {
  types: ["created", "changed", "deleted"],
  names: null,
  values: true,
  previous: true,
  bookmarkMs: null,
};

/** A tree of large values. */
async function grown(): Promise<{ world: World; writer: RawClient }> {
  const world = new World();
  const writer = await world.attached(sessionA);
  writer.request(1, put("/big", ""));
  await world.settle();
  await world.commit();
  for (let n = 0; n < count; n += 1) {
    const value = new Uint8Array(1_000_000);
    writer.request(n + 2, { type: "put", path: `/big/${n}`, value, if: {} }, n + 1);
    await world.settle();
    await world.commit();
  }
  world.isStalled = true;
  return { world, writer };
}

/** The client takes what is outstanding, again and again; the most that was. */
async function drain(world: World): Promise<number> {
  let most = 0;
  for (let times = 0; times < 3 * count; times += 1) {
    most = Math.max(most, world.bufferedBytes);
    world.bufferedBytes = 0;
    await world.clock.advance(20);
  }
  return most;
}

function pathsTold(client: RawClient, id: number): string[] {
  return client
    .of("events")
    .flatMap(({ ids, events }) => (ids.includes(id) ? events.map(({ path }) => path) : []));
}

test("a watch that resumes over large values leaves no more outstanding than a slow client may have", async () => {
  const { world } = await grown();
  const from = { historyId, revision: 1, ordinal: 0 };
  const reader = world.client();
  reader.attach(sessionB, 1, { watches: [spec(1, "/big", { from })] });
  await world.settle();
  await world.commit();
  expect(await drain(world)).toBeLessThan(mostOutstanding);
  expect(reader.ended).toBeNull();
  expect(pathsTold(reader, 1)).toEqual(Array.from({ length: count }, (_, n) => `/big/${n}`));
});

test("watches that are told of one large deletion leave no more outstanding than a slow client may have", async () => {
  const { world, writer } = await grown();
  const wants = [all, { ...all, names: "*" }, { ...all, names: "1*" }, { ...all, values: false }];
  const watches = [...wants, null].map((wanted, n) => spec(n + 1, "/big", { wants: wanted }));
  const reader = await world.attached(sessionB, watches);
  world.bufferedBytes = 0;
  writer.request(
    count + 2,
    { type: "delete", path: "/big", recursive: true, force: false, if: {} },
    count + 1,
  );
  await world.settle();
  await world.commit();
  expect(await drain(world)).toBeLessThan(mostOutstanding);
  expect(reader.ended).toBeNull();
  const gone = [...Array.from({ length: count }, (_, n) => `/big/${n}`), "/big"];
  const named = gone.filter((path) => path === "/big" || path.startsWith("/big/1"));
  const told = watches.map(({ id }) => pathsTold(reader, id).toSorted());
  expect(told).toEqual([gone, gone, named, gone, gone].map((paths) => paths.toSorted()));
});

test("a client that is told of what there is and takes nothing for long is let go", async () => {
  const world = new World();
  world.bufferedBytes = 2_000_000;
  const elsewhere = { historyId: "e".repeat(32), revision: 1, ordinal: 0 };
  const client = await world.attached(sessionA, [spec(1, "/", { from: elsewhere })]);
  await world.clock.advance(2_000);
  world.bufferedBytes -= 1;
  await world.clock.advance(599_000);
  // It took a little.
  expect(client.ended).toBeNull();
  expect(client.of("snapshot")).toEqual([]);
  await world.clock.advance(2_000);
  expect(client.ended).toBe("the client does not read");
});
