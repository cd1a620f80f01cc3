import { expect, test } from "vitest";
import type { PlayedRun } from "../src/plays/play-book.ts";
import { judgeCrons } from "../src/verdict/crons.ts";
import { MadeLog, type MadeWrite } from "./_support/made-log.ts";

const base = "/cron/alone";
const beatMs = 3000;

/** A schedule that begins, and ticks that are taken up, each run to its end by session `a`. */
function ticking(log: MadeLog, ticks: readonly number[]): readonly number[] {
  log.write("a", { path: `${base}/last`, value: 100 });
  return ticks.map((tick, index) => {
    const running = { path: `${base}/running/${index}`, value: "", owner: "a" };
    const epoch = log.write("a", ...taking(tick, index), running);
    log.write("a", { path: running.path, value: undefined });
    return epoch;
  });
}

function taking(tick: number, index: number): readonly MadeWrite[] {
  return [
    { path: `${base}/last`, value: tick * beatMs },
    { path: `${base}/runs/${index}`, value: { state: "running" } },
  ];
}

function ran(log: MadeLog, run: Partial<PlayedRun>): void {
  const plain = { job: "alone", session: "a", number: 1, tickMs: beatMs, lateMs: 0, isDone: true } as const;
  log.ledger.plays.runs.push({ ...plain, epoch: 0, ...run });
}

function broken(log: MadeLog): readonly string[] {
  judgeCrons(log);
  return log.broken;
}

test("ticks are taken up one after the other, each run by whoever took it up", () => {
  const log = new MadeLog();
  const [first = 0, second = 0] = ticking(log, [1, 2]);
  ran(log, { epoch: first });
  ran(log, { epoch: second, number: 2, tickMs: 2 * beatMs });
  expect(broken(log)).toEqual([]);
});

test.each([
  ["ticks that come again", [2, 1]],
  ["what is no tick", [1.5]],
])("TickOnce notices %s", (_what, ticks) => {
  const log = new MadeLog();
  ticking(log, ticks);
  expect(broken(log)).toEqual(["TickOnce"]);
});

test("TickOnce notices a run of a tick that another session took up", () => {
  const log = new MadeLog();
  const [epoch = 0] = ticking(log, [1]);
  ran(log, { epoch, session: "b" });
  expect(broken(log)).toEqual(["TickOnce"]);
});

test("TickOnce notices two runs of a tick", () => {
  const log = new MadeLog();
  const [epoch = 0] = ticking(log, [1]);
  ran(log, { epoch });
  ran(log, { epoch });
  expect(broken(log)).toEqual(["TickOnce"]);
});

test("TickOnce notices ticks that are left out though they are to be made up for", () => {
  const log = new MadeLog();
  const [, epoch = 0] = ticking(log, [1, 4]);
  ran(log, { epoch, number: 2, tickMs: 4 * beatMs });
  expect(broken(log)).toEqual(["TickOnce"]);
});

test("TickOnce notices a run beside another", () => {
  const log = new MadeLog();
  log.write("a", { path: `${base}/last`, value: 100 });
  log.write("a", ...taking(1, 0), { path: `${base}/running/0`, value: "", owner: "a" });
  log.write("a", ...taking(2, 1), { path: `${base}/running/1`, value: "", owner: "a" });
  expect(broken(log)).toEqual(["TickOnce"]);
});
