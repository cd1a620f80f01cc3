import { keyedRandom } from "@flotilla/runtime/sim";
import { afterEach, expect, test, vi } from "vitest";
import { Clocks } from "../src/faults/clocks.ts";
import type { Disks } from "../src/faults/disks.ts";
import { Injector } from "../src/faults/injector.ts";
import { Roster } from "../src/faults/roster.ts";
import { makePlan } from "../src/plan/make-plan.ts";
import type { Fault, Plan } from "../src/plan/plan.ts";
import type { Cluster } from "../src/processes/cluster.ts";
import type { Links } from "../src/processes/links.ts";
import { OwnClocks } from "../src/processes/own-clocks.ts";
import { TemporaryFolder } from "../src/processes/temporary-folder.ts";

afterEach(() => void vi.restoreAllMocks());

function planOf(fault: Pick<Fault, "kind" | "args">): Plan {
  const plan = makePlan({ name: "p", seed: 7, nodes: 3, workload: "register", kinds: [], loadMs: 0 });
  return { ...plan, faults: [{ atMs: 0, target: "any", durMs: 0, ...fault }] };
}

test("a change of members that comes to nothing is no fault that struck", async () => {
  const founders = ["n1", "n2", "n3"].map((id) => ({ id, address: `${id}:1` }));
  const cluster = { founders, places: founders, members: [] } as unknown as Cluster;
  const linked = { cluster } as unknown as Links;
  const scene = { linked, roster: new Roster(cluster), disks: {} as unknown as Disks };
  const plan = planOf({ kind: "members", args: { how: "remove" } });
  await using folder = await TemporaryFolder.create("injector");
  const clocks = await Clocks.create(plan, [], folder.path);
  const injector = new Injector(plan, { ...scene, clocks }, () => 0);
  await injector.run();
  // Three are the fewest there may be.
  expect(await injector.churn.settled()).toEqual([]);
  expect(injector.struck).toEqual([]);
});

test("a clock that two faults have drift runs true when the last of them is over", async () => {
  const trueAgain: string[] = [];
  vi.spyOn(OwnClocks, "build").mockImplementation((folder) => {
    const run = async (rate: number): Promise<void> => {
      if (rate === 1) trueAgain.push(folder.slice(-2));
    };
    return { run } as unknown as OwnClocks;
  });
  await using folder = await TemporaryFolder.create("clocks");
  const plan = planOf({ kind: "clock-drift", args: {} });
  const clocks = await Clocks.create(plan, ["n1", "n2"], folder.path);
  const endFirst = await clocks.drift(["n1", "n2"], keyedRandom(7, "test"));
  const endSecond = await clocks.drift(["n1"], keyedRandom(8, "test"));
  await endFirst();
  expect(trueAgain).toEqual(["n2"]);
  await endSecond();
  expect(trueAgain).toEqual(["n2", "n1"]);
});
