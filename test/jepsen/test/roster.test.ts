import { expect, test } from "vitest";
import { Roster } from "../src/faults/roster.ts";
import { Cluster } from "../src/processes/cluster.ts";

test("members come from the spares, once each, until there are none left", async () => {
  await using cluster = await Cluster.create("roster", { nodes: 2, spares: 2 });
  const roster = new Roster(cluster);
  expect(roster.ids).toEqual(["n1", "n2"]);
  expect(await roster.resolve()).toEqual(cluster.endpoints);
  const joined: string[] = [];
  for (let spare = roster.spare; spare !== null; spare = roster.spare) {
    roster.join(spare);
    joined.push(spare.id);
    roster.leave(roster.ids[0] ?? "");
  }
  expect(joined).toEqual(["n3", "n4"]);
  expect(roster.ids).toEqual(["n3", "n4"]);
  expect([...roster.removed]).toEqual(["n1", "n2"]);
  expect(await roster.resolve()).toEqual(cluster.places.slice(2).map(({ address }) => address));
});
