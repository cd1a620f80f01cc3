import { expect, test } from "vitest";
import { put, sessionA, World } from "./world.ts";

const changes = 1_000;

test("a client that asks for many long pages and reads none is let go before what it holds is much", async () => {
  const world = new World();
  const client = await world.attached(sessionA);
  for (let seq = 1; seq <= changes; seq += 1) {
    client.request(seq, put("/x", "v"), seq - 1);
    if (seq % 100 !== 0) continue;
    await world.settle();
    await world.commit();
  }
  world.bufferedBytes = 2 ** 21;
  let asked = 0;
  while (client.ended === null && asked < 4_000) {
    asked += 1;
    client.read(asked, { type: "changes", path: "/x", before: null, limit: changes });
    await world.settle();
    // As many as a client of ours has under way.
    if (asked === 400) expect(client.ended).toBeNull();
  }
  expect(asked).toBeLessThan(600);
});
