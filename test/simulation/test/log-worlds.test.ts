import { expect, test } from "vitest";
import type { HistoryWriter } from "@flotilla/history";
import { faultKinds, makeLogPlan, makePlan, readPlan, standardLogPlan } from "../src/index.ts";
import type { Summary, WorldLine } from "../src/index.ts";
import type { RegisterBook } from "../src/registers/register-book.ts";
import { judgeRegisters } from "../src/verdict/registers.ts";
import { World } from "../src/world/world.ts";
import { inOne, runSim } from "./_support/run-sim.ts";
import { smallPlan } from "./_support/small-plan.ts";

const timeout = 600_000;
const worlds = 24;

test(
  "logs with registers on them keep every promise under faults, the same way again",
  async () => {
    const { code, lines } = await runSim([
      "--raft",
      "--seed",
      "100",
      "--runs",
      String(worlds),
      ...inOne,
      "--json",
    ]);
    const parsed = lines.map((line): unknown => JSON.parse(line));
    const summary = parsed.pop() as Summary;
    expect(summary.violations).toEqual([]);
    expect(code).toBe(0);
    expect(summary.runs).toBe(worlds);
    expect(summary.leaderChanges).toBeGreaterThanOrEqual(worlds);
    expect(summary.snapshotInstalls).toBeGreaterThan(0);
    for (const { ops, faults } of parsed as WorldLine[]) {
      expect(ops).toBeGreaterThanOrEqual(500);
      expect(Object.values(faults).reduce((sum, each) => sum + each, 0)).toBeGreaterThanOrEqual(6);
    }
    const again = await runSim(["--raft", "--seed", "100", "--json"]);
    const first = (parsed as WorldLine[]).find(({ seed }) => seed === 100);
    expect((JSON.parse(again.lines.at(-1) ?? "null") as WorldLine).traceHash).toBe(first?.traceHash);
  },
  timeout,
);

test("the world of a seed for the log alone has the members and faults of the whole one, but for those of clients", () => {
  const kinds = new Set<string>();
  for (let seed = 0; seed < 200; seed += 1) {
    const plan = makeLogPlan(seed);
    const whole = makePlan(seed);
    expect(plan.clients).toEqual([]);
    expect(plan.nodes).toBe(whole.nodes);
    expect(plan.faults.map(({ atMs }) => atMs)).toEqual(
      whole.faults.filter(({ kind }) => !kind.startsWith("client-")).map(({ atMs }) => atMs),
    );
    for (const { kind, target } of plan.faults) {
      kinds.add(kind);
      expect(target).not.toContain("client");
    }
    expect(readPlan(JSON.stringify(plan))).toEqual(plan);
    expect(standardLogPlan(seed).logAlone).toEqual(plan.logAlone);
  }
  expect([...kinds].toSorted()).toEqual(faultKinds.filter((kind) => !kind.startsWith("client-")).toSorted());
});

/** A world without any event, in which somebody set a register, as its history and its log have it. */
function told(
  settle: (history: HistoryWriter, id: number) => void,
  log: (registers: RegisterBook) => void,
): readonly string[] {
  const world = new World({ ...smallPlan(7), clients: [], logAlone: { lanes: 1 } });
  const { history, registers, findings } = world;
  const id = history.invoke(history.newClient(), { type: "create", path: "/w/r", value: "a" }, 10);
  registers.asked(id, "a");
  log(registers);
  settle(history, id);
  judgeRegisters(world);
  return findings.all.map(({ invariant }) => invariant);
}

const answered = (history: HistoryWriter, id: number): void => history.ok(id, 20, { version: 0, zxid: 5 });
const dropped = (history: HistoryWriter, id: number): void => history.fail(id, 20, "ERR_FLOTILLA_DROPPED");

const twice = (log: RegisterBook): void => {
  log.applied(5, "a", 0);
  log.applied(6, "a", "NODE_EXISTS");
};
const stale = (history: HistoryWriter, id: number): void => {
  answered(history, id);
  const read = history.invoke(history.newClient(), { type: "get", path: "/w/r" }, 30);
  history.fail(read, 40, "NO_NODE");
};

test("what a user was told is what the log has", () => {
  expect(told(answered, (log) => log.applied(5, "a", 0))).toEqual([]);
  expect(told(dropped, () => {})).toEqual([]);
});

test("a proposal that was answered and is not in the log, dropped and is, or there twice is found out", () => {
  expect(told(answered, () => {})).toContain("ExactlyOnce");
  expect(told(dropped, (log) => log.applied(5, "a", 0))).toContain("ExactlyOnce");
  expect(told(answered, (log) => log.applied(6, "a", 0))).toContain("ExactlyOnce");
  expect(told(answered, (log) => log.applied(5, "a", "NODE_EXISTS"))).toContain("ExactlyOnce");
  expect(told(answered, twice)).toContain("ExactlyOnce");
});

test("a read of what was there before an acknowledged write is found out", () => {
  expect(told(stale, (log) => log.applied(5, "a", 0))).toContain("LinearizableHistory");
});
