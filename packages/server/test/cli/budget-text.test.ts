import { FlotillaError } from "@flotilla/runtime";
import { describe, expect, test } from "vitest";
import { budgetRows, parseBudget } from "../../src/cli/budget-text.ts";

test("bounds are read as a hard one, a soft one, or both", () => {
  expect(parseBudget(["nodes=10", "bytes=5:6", "rate=7:", "watches=:0"])).toEqual({
    nodes: { hard: 10 },
    bytes: { soft: 5, hard: 6 },
    rate: { soft: 7 },
    watches: { hard: 0 },
  });
});

describe("what is no bound is refused", () => {
  test.each(["", "nodes", "nodes=", "nodes=:", "doors=1", "nodes=-1", "nodes=1:2:3", "Nodes=1", "nodes = 1"])(
    "%s",
    (text) => {
      expect(() => parseBudget([text])).toThrow(FlotillaError);
    },
  );

  test("a kind that is given twice", () => {
    expect(() => parseBudget(["nodes=1", "nodes=2:"])).toThrow("nodes=2:");
  });
});

test("a row says how far each kind is used", () => {
  const budget = {
    nodes: { soft: 2, hard: 3 },
    bytes: { soft: 2 },
    children: { hard: 1 },
    leases: { hard: 1 },
    rate: { hard: 4 },
  };
  const used = { nodes: 3, bytes: 3, leases: 2, rate: 0 };
  expect(budgetRows({ path: "/a", budget, used })).toEqual([
    ["/a", "nodes", "3", "2", "3", "full"],
    ["/a", "bytes", "3", "2", "-", "above soft"],
    ["/a", "children", "-", "-", "1", "-"],
    ["/a", "leases", "2", "-", "1", "beyond"],
    ["/a", "rate", "0", "-", "4", "ok"],
  ]);
});
