import type { BudgetReport } from "@flotilla/kv";
import { silentLogger } from "@flotilla/runtime";
import { expect, test } from "vitest";
import { BudgetLog } from "../../src/server/budget-log.ts";
import { FakeClock } from "./fake-clock.ts";

const soft: BudgetReport = { path: "/a", kind: "nodes", bound: "soft", limit: 2, used: 2, wanted: 3 };
const hard: BudgetReport = { ...soft, bound: "hard" };

test("each bound is warned of once a minute, however often it is gone beyond", async () => {
  const clock = new FakeClock();
  const told: unknown[] = [];
  const log = new BudgetLog(clock, { ...silentLogger, warn: (...said: unknown[]) => told.push(said) });
  log.tell([soft, hard, soft]);
  log.tell([{ ...soft, wanted: 9 }]);
  const message = "nodes of /a";
  expect(told).toEqual([
    [soft, `a budget is gone beyond: ${message}`],
    [hard, `a budget refuses: ${message}`],
  ]);
  log.tell([
    { ...soft, path: "/b" },
    { ...soft, kind: "bytes" },
  ]);
  expect(told.length).toBe(4);
  await clock.advance(60_000);
  log.tell([soft]);
  expect(told.length).toBe(5);
});
