import { expect, test } from "vitest";
import { Cluster } from "./cluster.ts";
import { trio } from "./membership-fixture.ts";

test("append tasks are numbered from 1 on, and only the word on the one under way counts", () => {
  const cluster = new Cluster(trio);
  const seen: number[] = [];
  const { checkers } = cluster;
  const written = checkers.written.bind(checkers);
  checkers.written = (member, task) => {
    if (member.id === "a") seen.push(task.seq);
    written(member, task);
  };
  cluster.elect("a");
  cluster.propose("a", "x");
  cluster.propose("a", "y");
  cluster.settle();
  expect(seen.length).toBeGreaterThan(2);
  expect(seen).toEqual(seen.map((_, k) => k + 1));
  const a = cluster.get("a");
  a.slowDisk = true;
  cluster.propose("a", "z");
  const seq = a.task?.seq ?? 0;
  expect(seq).toBe(seen.length + 1);
  for (const wrong of [seq - 1, seq + 1])
    expect(() => a.raft.step({ type: "append-done", seq: wrong }, { nowMs: 0, wallMs: 0 })).toThrow(
      "AppendDoneInOrder",
    );
});
