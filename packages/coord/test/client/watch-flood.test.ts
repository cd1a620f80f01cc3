import { expect, test } from "vitest";
import type { Watch } from "../../src/client/api.ts";
import type { Client } from "../recipes/world.ts";
import { World } from "../recipes/world.ts";

const count = 25;

/** A tree of values that take a slow client half a minute, and two clients. */
async function grown(): Promise<{ world: World; writer: Client; reader: Client }> {
  const world = await World.start(1);
  const writer = await world.client({ sessionTtlMs: 10_000 });
  const reader = await world.client({ sessionTtlMs: 10_000 });
  await world.until(writer.session.put("/big", ""));
  for (let n = 0; n < count; n += 1)
    await world.until(writer.session.put(`/big/${n}`, new Uint8Array(1_000_000)));
  return { world, writer, reader };
}

/** Its link takes 8 Mbit/s. */
function slow(world: World, client: Client): void {
  for (const id of world.cluster.ids) world.kernel.network.link(id, client.machine).bytesPerMs = 1_000;
}

/** What the session went through while the watch told so many changes. */
async function told(world: World, client: Client, watch: Watch, changes: number): Promise<string[]> {
  const states: string[] = [];
  client.session.onState((state) => states.push(state));
  let left = changes;
  await world.until(
    (async () => {
      for await (const _ of watch) if ((left -= 1) === 0) return;
    })(),
  );
  return states;
}

test("a watch that resumes over more than a slow link takes at once leaves the session connected", async () => {
  const { world, reader } = await grown();
  slow(world, reader);
  const watch = await world.until(reader.session.watch("/big", { kind: "recursive", from: 1 }));
  expect(await told(world, reader, watch, count)).toEqual([]);
});

test("a watch that is told of a deletion of more than a slow link takes at once leaves the session connected", async () => {
  const { world, writer, reader } = await grown();
  const watch = await world.until(reader.session.watch("/big", { kind: "recursive", previous: true }));
  slow(world, reader);
  const deleted = writer.session.delete("/big", { recursive: true });
  expect(await told(world, reader, watch, count + 1)).toEqual([]);
  await world.until(deleted);
});
