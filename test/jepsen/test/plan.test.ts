import { describe, expect, test } from "vitest";
import { readOptions } from "../src/options.ts";
import { makePlan } from "../src/plan/make-plan.ts";
import { clientKinds, embeddedClients, faultKinds } from "../src/plan/plan.ts";
import { defaultSuite } from "../src/plan/scenarios.ts";
import { haveConverged, leaderIn } from "../src/run/views.ts";
import type { NodeStatus } from "@flotilla/coord/client";

const options = { name: "all", nodes: 3, workload: "register", kinds: faultKinds, loadMs: 600_000 } as const;

describe("plans", () => {
  test("a seed tells all of a plan", () => {
    expect(makePlan({ ...options, seed: 7 })).toEqual(makePlan({ ...options, seed: 7 }));
    expect(makePlan({ ...options, seed: 8 }).faults).not.toEqual(makePlan({ ...options, seed: 7 }).faults);
  });

  test("every kind is drawn, in order of time, and the load begins and ends without one", () => {
    const plans = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => makePlan({ ...options, seed }));
    const drawn = plans.flatMap(({ faults }) => faults.map(({ kind }) => kind));
    expect(new Set(drawn)).toEqual(new Set(faultKinds));
    for (const { faults } of plans) {
      const times = faults.map(({ atMs }) => atMs);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(Math.min(...times)).toBeGreaterThanOrEqual(1_000);
      expect(Math.max(...times)).toBeLessThan(options.loadMs - 1_000);
    }
  });

  test("the disks of a plan are slow or fail, never both", () => {
    for (let seed = 0; seed < 40; seed += 1) {
      const { diskMode, faults } = makePlan({ ...options, seed });
      const unfit = diskMode === "sync-slow" ? "failing-disk" : "slow-disk";
      expect(faults.map(({ kind }) => kind)).not.toContain(unfit);
    }
    const { diskMode } = makePlan({ ...options, seed: 7, kinds: ["failing-disk"] });
    expect(diskMode).not.toBe("sync-slow");
    expect(makePlan({ ...options, seed: 7, kinds: ["slow-disk"] }).diskMode).toBe("sync-slow");
  });

  test("there is a spare for everybody who is to join", () => {
    const { spares, faults } = makePlan({ ...options, seed: 7, kinds: ["members", "crash"] });
    const joins = faults.filter(({ args: { how } }) => how === "add" || how === "swap");
    expect(joins.length).toBeGreaterThan(0);
    expect(spares).toBe(joins.length);
    expect(makePlan({ ...options, seed: 7, kinds: ["crash"] }).spares).toBe(0);
  });

  test("clients are apart from members, within them, or both", () => {
    const numbers = (["thin", "embedded", "mixed"] as const).map((clientKind) =>
      embeddedClients(makePlan({ ...options, seed: 7, clientKind })),
    );
    expect(numbers).toEqual([[], [0, 1, 2, 3, 4, 5], [1, 3, 5]]);
  });

  test("the suite has eleven scenarios, each with faults of its own", () => {
    const plans = defaultSuite(1);
    expect(new Set(plans.map(({ clientKind }) => clientKind))).toEqual(new Set(clientKinds));
    expect(new Set(plans.map(({ name }) => name)).size).toBe(11);
    expect(
      plans.every(({ faults, loadMs }) => faults.every(({ atMs, durMs }) => atMs + durMs < loadMs)),
    ).toBe(true);
  });
});

describe("the command line", () => {
  test("says what is asked for", () => {
    const asked = readOptions(
      ["--faults", "pause,halves", "--nodes", "5", "--seconds", "3", "--seed", "4"],
      1,
    );
    expect(asked).toMatchObject({ suite: "one", kinds: ["pause", "halves"], nodes: 5, seconds: 3, seed: 4 });
    expect(readOptions([], 99).seed).toBe(99);
    expect(readOptions(["--faults", ""], 1).kinds).toEqual([]);
  });

  test.each([
    ["--faults", "flood", "no kind of fault"],
    ["--nodes", "4", "no number of nodes"],
    ["--seconds", "0", "from 1 to"],
    ["--seed", "x", "an integer"],
    ["--workload", "none", "no workload"],
    ["--unknown", "1", "Unknown option"],
  ])("refuses %s %s", (option, value, words) => {
    expect(() => readOptions([option, value], 1)).toThrow(words);
  });
});

/** What a member says that follows n1. */
function view(id: string, more: Partial<NodeStatus> = {}): NodeStatus {
  const common = { role: "follower", term: 2, leader: "n1", applied: 9, revision: 5, digest: "d" };
  return { id, ...common, ...more } as NodeStatus;
}

describe("what members say of themselves", () => {
  const agreed = [view("n1", { role: "leader" }), view("n2"), view("n3")];

  test("the leader of the highest term leads", () => {
    expect(leaderIn(agreed)).toBe("n1");
    expect(leaderIn([...agreed, view("n2", { role: "leader", term: 3 })])).toBe("n2");
    expect(leaderIn([view("n2")])).toBeNull();
  });

  test("all must answer and be alike", () => {
    expect(haveConverged(agreed, 3)).toBe(true);
    expect(haveConverged(agreed, 5)).toBe(false);
    expect(haveConverged([...agreed.slice(0, 2), view("n3", { digest: "e" })], 3)).toBe(false);
    expect(haveConverged([...agreed.slice(0, 2), view("n3", { applied: 8 })], 3)).toBe(false);
    expect(haveConverged([view("n1"), view("n2"), view("n3")], 3)).toBe(false);
  });
});
