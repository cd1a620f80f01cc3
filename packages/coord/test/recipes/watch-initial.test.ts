import type { WatchKind } from "@flotilla/kv";
import type { WatchEvent } from "../../src/client/api.ts";
import { text } from "../../src/client/values.ts";
import { describe, expect, test } from "vitest";
import { World } from "./world.ts";

function plain(event: WatchEvent): unknown {
  if (event.type !== "snapshot") return `${event.type} ${event.path}`;
  return event.nodes.map(({ path, node }) => `${path}=${text(node)}`);
}

describe("a watch that begins with a snapshot", () => {
  const rows: [kind: WatchKind, snapshot: readonly string[]][] = [
    ["data", ["/a=1"]],
    ["children", ["/a=1", "/a/x=2"]],
    ["recursive", ["/a=1", "/a/x=2", "/a/x/y=3"]],
  ];
  test.each(rows)(
    "of kind %s shows what is in its scope, then every change after it",
    async (kind, snapshot) => {
      const world = await World.start(3);
      const [{ session }, writer] = await world.three();
      for (const [path, value] of Object.entries({ "/a": "1", "/a/x": "2", "/a/x/y": "3", "/b": "4" }))
        await world.until(session.create(path, value));
      const watch = await world.until(session.watch("/a", { kind, initial: true }));
      const events = watch[Symbol.asyncIterator]();
      const first = await world.until(events.next());
      expect(first.done === true ? null : plain(first.value)).toEqual(snapshot);
      expect(watch.token.revision).toBe(4);
      await world.until(writer.session.delete("/a", { recursive: true }));
      const seen: unknown[] = [];
      while (seen.at(-1) !== "deleted /a") {
        const next = await world.until(events.next());
        if (next.done === true) break;
        seen.push(plain(next.value));
      }
      const all = ["deleted /a/x/y", "deleted /a/x", "deleted /a"];
      expect(seen).toEqual(all.slice(kind === "recursive" ? 0 : kind === "children" ? 1 : 2));
    },
  );

  test("of nothing shows nothing, and comes once although its connection breaks", async () => {
    const world = await World.start(3);
    const [client, writer] = await world.three();
    const watch = await world.until(client.session.watch("/none", { initial: true }));
    const events = watch[Symbol.asyncIterator]();
    expect(await world.until(events.next())).toMatchObject({ value: { type: "snapshot", nodes: [] } });
    world.reset(client);
    await world.until(writer.session.create("/none", "x"));
    expect(await world.until(events.next())).toMatchObject({ value: { type: "created", path: "/none" } });
  });

  test("cannot resume at the same time", async () => {
    const world = await World.start();
    const { session } = await world.client();
    const from = { revision: 0, ordinal: 0 };
    for (const options of [{ initial: true, from }, { initial: 1 as never }])
      await expect(session.watch("/a", options)).rejects.toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  });
});
