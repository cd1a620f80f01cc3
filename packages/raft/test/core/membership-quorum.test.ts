import { expect, test } from "vitest";
import { incarnationOf } from "./member.ts";
import { add, led, roles, through } from "./membership-fixture.ts";

test("a change that would leave the leader without a majority is refused until those it needs are heard from", () => {
  const cluster = led("d");
  cluster.crash("c");
  cluster.tick(12);
  const refused = { code: "ERR_FLOTILLA_NO_QUORUM", message: expect.stringContaining("from c") as string };
  for (const type of ["remove", "demote"] as const)
    expect(cluster.change("a", [{ type, id: "b" }]).refusal).toMatchObject(refused);
  expect(cluster.change("a", [add("b", true, incarnationOf("other"))]).refusal).toMatchObject(refused);
  // Nothing was appended, and it can still lead.
  expect(cluster.get("a").raft.configuration.index).toBe(0);
  cluster.propose("a", "x");
  cluster.settle();
  expect(cluster.commands("a")).toEqual(["x"]);
  through(cluster, add("d"));
  cluster.restart("c");
  cluster.tick(4);
  through(cluster, { type: "remove", id: "b" });
  expect(roles(cluster.get("a"))).toBe("a:voter c:voter d:learner");
});

test("a dead member can be removed, and the last but one by itself", () => {
  const cluster = led();
  cluster.crash("c");
  cluster.tick(12);
  through(cluster, { type: "remove", id: "c" });
  expect(roles(cluster.get("a"))).toBe("a:voter b:voter");
  through(cluster, { type: "remove", id: "b" });
  expect(roles(cluster.get("a"))).toBe("a:voter");
});
