import { expect, test } from "vitest";
import { collect, World } from "../recipes/world.ts";

/** A path that is as long as a path may be. */
function longest(n: number): string {
  const parts = [String(n).padStart(5, "0"), ...Array.from({ length: 20 }, () => "x".repeat(200))];
  return `/${parts.join("/")}`.padEnd(4_096, "y");
}

test("as many watches as a session may have, with paths and filters as long as may be, go on after a broken link", async () => {
  const world = await World.start(1);
  const client = await world.client();
  const { session } = client;
  const filter = { names: "n".repeat(200) };
  const watches = [];
  for (let n = 0; n < 999; n += 1) {
    watches.push(await world.until(session.watch(longest(n), { kind: "recursive", filter })));
  }
  const { items } = collect(await world.until(session.watch("/a")));
  world.reset(client);
  await world.pass(10_000);
  expect(session.state).toBe("connected");
  await world.until(session.put("/a", "1"));
  await world.pass(100);
  expect(items.map(({ type }) => type)).toEqual(["created"]);
});
