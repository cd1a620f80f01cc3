import { expect, test } from "vitest";
import { parseMachineStat, parsePeakRss, parseProcessStat, spent } from "../src/machine/usage.ts";
import type { Usage } from "../src/machine/usage.ts";

test("a process whose name holds parentheses and spaces is read", () => {
  const fields = ["S", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 250, 50, 0, 0, 20, 0, 11, 0, 99, 1e6, 1000, 0];
  const usage = parseProcessStat(`42 (a b) c) ${fields.join(" ")}\n`);
  expect(usage).toEqual({ cpuMs: 3000, rssBytes: 4_096_000 });
});

test("the most memory of a process is read", () => {
  expect(parsePeakRss("Name:\tnode\nVmHWM:\t  123456 kB\nVmRSS:\t   99 kB\n")).toBe(123_456 * 1024);
  expect(() => parsePeakRss("VmRSS: 5 kB\n")).toThrow("unreadable");
});

test("the machine's line counts waiting and interrupts as time, not as processes", () => {
  const usage = parseMachineStat("cpu  10 20 30 400 50 6 7 8 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n");
  expect(usage).toEqual({ totalMs: 5310, processesMs: 600, stealMs: 80 });
});

test("other texts are refused", () => {
  expect(() => parseProcessStat("")).toThrow(RangeError);
  expect(() => parseMachineStat("cpu 1 2\n")).toThrow(RangeError);
});

function at(ms: number, totalMs: number, processesMs: number, stealMs: number): Usage {
  return {
    loadMs: ms,
    serversMs: 2 * ms,
    idleMs: ms,
    serverRssBytes: 1,
    loadRssBytes: 2,
    threads: { servers: [{ cpuMs: 2 * ms, mainMs: ms }], load: { cpuMs: ms, mainMs: ms } },
    machine: { totalMs, processesMs, stealMs },
  };
}

test("what neither load, servers nor idle servers used is others'", () => {
  const difference = spent(at(0, 0, 0, 0), at(100, 1000, 500, 50));
  expect(difference).toMatchObject({ loadMs: 100, serversMs: 200, stealShare: 0.05, otherShare: 0.1 });
  expect(difference.threads.servers).toEqual([{ cpuMs: 200, mainMs: 100 }]);
});
