import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { endWithTest } from "../../jepsen/src/processes/children.ts";
import { until } from "../../jepsen/src/processes/until.ts";

/** What nobody waited for is dead all the same. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  return stat !== null && !/ [ZX] /.test(stat);
}

/** A program that keeps one worker, whose process id it prints. */
function host(first = ""): { readonly child: ChildProcess; readonly said: () => string } {
  const source = `
    import { startProcess } from "@flotilla/runtime/real/client";
    ${first}
    startProcess(["sh", "-c", "echo $$; exec sleep 1000"], { env: { PATH: process.env.PATH } });
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  endWithTest(child);
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  return { child, said: () => said };
}

/** Waits for something, of a program that is still there. */
async function awaited<T>(
  child: ChildProcess,
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  return until(what, probe, {
    hopeless: () => false,
    diagnose: () => `ended with ${child.exitCode} ${child.signalCode}`,
  });
}

function workerOf(child: ChildProcess, said: () => string): Promise<number> {
  return awaited(child, "a worker", () => Number(/^(\d+)$/m.exec(said())?.[1] ?? Number.NaN) || undefined);
}

test.each(["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const)(
  "no worker outlives a program that %s ends",
  async (signal) => {
    const { child, said } = host();
    const pid = await workerOf(child, said);
    expect(await isRunning(pid)).toBe(true);
    child.kill(signal);
    expect(await once(child, "exit")).toEqual([null, signal]);
    await awaited(child, "the worker is gone", async () => !(await isRunning(pid)) || undefined);
  },
);

test("no worker outlives a program that a signal ends as the worker starts", async () => {
  const { child, said } = host(`
    import childProcess from "node:child_process";
    import { writeSync } from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    const { spawn } = childProcess;
    childProcess.spawn = (...args) => {
      const child = spawn(...args);
      writeSync(1, child.pid + "\\n");
      process.kill(process.pid, "SIGTERM");
      return child;
    };
    syncBuiltinESMExports();
  `);
  const ended = once(child, "exit");
  const pid = await workerOf(child, said);
  expect(await ended).toEqual([null, "SIGTERM"]);
  await awaited(child, "the worker is gone", async () => !(await isRunning(pid)) || undefined);
});

test("a program that listens decides itself what a signal ends", async () => {
  const { child, said } = host(`
    process.once("SIGTERM", () => {
      console.log("heard");
      process.once("SIGTERM", () => process.exit(3));
    });
  `);
  const pid = await workerOf(child, said);
  child.kill("SIGTERM");
  await awaited(child, "the first signal", () => said().includes("heard") || undefined);
  expect(await isRunning(pid)).toBe(true);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([3, null]);
  await awaited(child, "the worker is gone", async () => !(await isRunning(pid)) || undefined);
});
