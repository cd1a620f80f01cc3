import { expect, test } from "vitest";
import { judge } from "../src/judge.ts";
import type { Verdict } from "../src/judge.ts";
import { checker, crash, replacing, scripted } from "./_support/fakes.ts";
import type { Script } from "./_support/fakes.ts";

const mutant = replacing("a", "b", "packages/kv/src/a.ts");
// Enough for two worlds, the suites and three worlds more.
const terms = { budgetMs: 6000, firstSeed: 1 };

async function judged(
  script: Script,
): Promise<{ readonly verdict: Verdict; readonly log: readonly string[] }> {
  const { killers, log } = scripted(script);
  return { verdict: await judge(mutant, killers, terms), log };
}

test("the first checker that fails in a world kills, and nothing runs after it", async () => {
  const { verdict, log } = await judged({ worlds: { 2: checker("QuorumReal") } });
  expect(verdict).toEqual({ id: "T01", killed: true, by: "QuorumReal", seeds: 2, cpuSeconds: 2 });
  expect(log).toEqual(["start", "world 1", "world 2", "close"]);
});

test("a mutant of the log meets worlds of the log alone and of the product by turns", async () => {
  const { killers, log } = scripted({ worlds: { 4: checker("LogMatching") } });
  await judge(replacing("a", "b", "packages/raft/src/a.ts"), killers, terms);
  expect(log.filter((line) => /^(?:log|world) /.test(line))).toEqual([
    "log 1",
    "world 2",
    "log 3",
    "world 4",
  ]);
});

test("a world in which the unchanged code fails too kills nothing", async () => {
  const { verdict } = await judged({ worlds: { 1: checker("QuorumReal") }, unsound: [1] });
  expect(verdict).toMatchObject({ killed: false, by: null, seeds: 5 });
});

test("after the first worlds the suites have their turn", async () => {
  const { verdict, log } = await judged({ suites: checker("test of everything") });
  expect(verdict).toEqual({ id: "T01", killed: true, by: "test of everything", seeds: 2, cpuSeconds: 3 });
  expect(log.at(-1)).toBe("suites packages/kv/src/a.ts");
});

test("worlds go on after the suites until the budget is used up", async () => {
  const { verdict, log } = await judged({ worlds: { 4: checker("LogMatching") } });
  expect(verdict).toEqual({ id: "T01", killed: true, by: "LogMatching", seeds: 4, cpuSeconds: 5 });
  expect(log.slice(3, 6)).toEqual(["close", "suites packages/kv/src/a.ts", "start"]);
});

test("a mutant that nothing finds survives", async () => {
  const { verdict } = await judged({});
  expect(verdict).toEqual({ id: "T01", killed: false, by: null, seeds: 5, cpuSeconds: 6 });
});

test("after a crash another process goes on, and a checker may still kill", async () => {
  const { verdict, log } = await judged({ worlds: { 1: crash, 2: checker("LogMatching") } });
  expect(verdict).toMatchObject({ killed: true, by: "LogMatching", seeds: 2 });
  expect(log).toEqual(["start", "world 1", "close", "start", "world 2", "close"]);
});

test("a crash alone is told apart from a kill", async () => {
  expect((await judged({ worlds: { 2: crash } })).verdict).toMatchObject({ killed: false, by: "crash" });
  expect((await judged({ suites: crash })).verdict).toMatchObject({ killed: false, by: "crash" });
  expect((await judged({ broken: crash })).verdict).toMatchObject({ killed: false, by: "crash", seeds: 0 });
});

test("worlds that always crash are given up before the budget is", async () => {
  const { killers, log } = scripted({
    worlds: Object.fromEntries(Array.from({ length: 99 }, (_, k) => [k, crash])),
  });
  const verdict = await judge(mutant, killers, { budgetMs: 90_000, firstSeed: 0 });
  expect(verdict).toMatchObject({ killed: false, by: "crash", seeds: 5 });
  expect(log.filter((line) => line === "start")).toHaveLength(5);
});

test("a mutant that the worlds would find for a reason of their own is left to the suites", async () => {
  const { killers, log } = scripted({ worlds: { 1: checker("DurableBeforeAck") } });
  const verdict = await judge({ ...mutant, onlySuites: true }, killers, terms);
  expect(verdict).toMatchObject({ killed: false, by: null, seeds: 0 });
  expect(log).toEqual(["suites packages/kv/src/a.ts"]);
});
