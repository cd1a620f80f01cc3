import { expect, test } from "vitest";
import { Cluster } from "./cluster.ts";
import { founding } from "./member.ts";

test("three nodes elect one leader, which commits its no-op", () => {
  const cluster = new Cluster(["a", "b", "c"]);
  cluster.elect("a");
  cluster.tick(1);
  expect(cluster.leader().id).toBe("a");
  expect(cluster.get("a").raft.established).toBe(true);
  for (const id of cluster.ids) expect(cluster.get(id).raft).toMatchObject({ leader: "a", term: 1, commit: 1 });
});

test("the first election of a cluster writes every founder's incarnation down", () => {
  const cluster = new Cluster(["a", "b", "c"], { configuration: founding(["a", "b", "c"]) });
  cluster.elect("b");
  cluster.propose("c", "x");
  cluster.settle();
  cluster.tick(1);
  for (const id of cluster.ids) {
    expect(cluster.commands(id)).toEqual(["x"]);
    expect(cluster.get(id).raft.configuration).toMatchObject({ index: 1 });
  }
});
