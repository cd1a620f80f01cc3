import { expect, test } from "vitest";
import type { Found, Sent } from "../support/acknowledged.ts";
import { expectedAfter, judgeAcknowledged } from "../support/acknowledged.ts";
import { DurableFiles } from "../../jepsen/src/processes/durable-files.ts";

/** A stream of 20 writes of which the first 12 were acknowledged, write n at revision n + 1. */
const stream: Sent = {
  name: "s",
  sent: 20,
  acked: new Map(Array.from({ length: 12 }, (_, n) => [n, n + 1])),
  settled: false,
};

function foundAfter(length: number, changes: Partial<Found> = {}): Found {
  const { keys, appended } = expectedAfter(length);
  const placed = new Map([...keys].map(([key, node]) => [key, { ...node, mzxid: node.value + 1 }]));
  return { keys: placed, appended, ...changes };
}

test.each([12, 15, 20])("acknowledged writes that are all there are no violation, with %i done", (length) => {
  expect(judgeAcknowledged(stream, foundAfter(length))).toEqual({ length, violations: [] });
});

test.each<[string, Found]>([
  ["the newest acknowledged write is missing", foundAfter(11)],
  ["everything is missing", foundAfter(0)],
  ["there is more than was sent", foundAfter(21)],
  ["an older value of a key is found", foundAfter(12, { keys: foundAfter(7).keys })],
  ["a sequential node is missing", foundAfter(12, { appended: [] })],
  ["a sequential node is there twice", foundAfter(12, { appended: [7, 7] })],
  ["sequential nodes are out of order", foundAfter(20, { appended: [15, 7] })],
  ["a key was written once more than it should", foundAfter(12, { keys: bumped(foundAfter(12)) })],
  [
    "a write is found at another revision than acknowledged",
    foundAfter(12, { keys: expectedAfter(12).keys }),
  ],
])("a violation: %s", (_, found) => {
  expect(judgeAcknowledged(stream, found).violations).not.toEqual([]);
});

test("a violation: a session that heard of everything has an unacknowledged write", () => {
  expect(judgeAcknowledged({ ...stream, settled: true }, foundAfter(20)).violations).not.toEqual([]);
});

test("a violation: a later write was acknowledged at no later revision", () => {
  const acked = new Map([...stream.acked, [11, 5]]);
  expect(judgeAcknowledged({ ...stream, acked }, foundAfter(12)).violations).not.toEqual([]);
});

function bumped({ keys }: Found): Found["keys"] {
  return new Map(
    [...keys].map(([key, node], position) => [
      key,
      position === 0 ? { ...node, version: node.version + 1 } : node,
    ]),
  );
}

test.each<[string, readonly string[], string, { name: string; length: number } | null]>([
  ["never synced", ["C /d/a"], "/d/a", null],
  ["synced, then longer", ["C /d/a", "S 10 /d/a"], "/d/a", { name: "/d/a", length: 10 }],
  ["its directory was synced only", ["C /d/a", "D /d"], "/d/a", { name: "/d/a", length: 0 }],
  ["another directory was synced", ["C /d/a", "D /e"], "/d/a", null],
  ["emptied after a sync", ["S 10 /d/a", "C /d/a"], "/d/a", { name: "/d/a", length: 0 }],
  ["renamed", ["S 10 /d/a", "R /d/a\t/d/b"], "/d/b", { name: "/d/a", length: 10 }],
  ["renamed, directory synced", ["S 10 /d/a", "R /d/a\t/d/b", "D /d"], "/d/b", { name: "/d/b", length: 10 }],
  ["renamed over a file", ["S 5 /d/b", "S 10 /d/a", "R /d/a\t/d/b"], "/d/b", { name: "/d/b", length: 10 }],
  [
    "given another name, with its folder synced",
    ["S 9 /d/a", "L /d/a\t/e/b", "D /e"],
    "/e/b",
    { name: "/e/b", length: 9 },
  ],
  ["given another name", ["S 9 /d/a", "L /d/a\t/e/b"], "/e/b", null],
  ["in a folder that was renamed", ["S 9 /e/a", "R /e\t/f"], "/f/a", { name: "/f/a", length: 9 }],
  ["there before", [], "/d/old", { name: "/d/old", length: 7 }],
])("what a loss of power leaves of a file %s", (_, events, path, remains) => {
  const model = new DurableFiles(new Map([["/d/old", 7]]));
  for (const event of events) model.note(event);
  expect(model.remains(path)).toEqual(remains);
});
