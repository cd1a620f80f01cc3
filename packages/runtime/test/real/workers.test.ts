import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { ProcessGroup } from "../../src/real/process-group.ts";
import { startProcess, startThread } from "../../src/real/workers.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "flotilla-workers-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** What nobody waited for is dead all the same. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  return stat !== null && !/ [ZX] /.test(stat);
}

const shell = (script: string): readonly [string, ...string[]] => ["sh", "-c", script];
const env = { PATH: process.env["PATH"], WHO: "world" };

test("a process tells how it ended, with its environment", async () => {
  expect(await startProcess(shell('test "$WHO" = world && exit 7'), { env }).ended).toBe("ended with code 7");
  const missing = startProcess(["/no/such/command"], { env });
  expect(await missing.ended).toMatch(/^not started: .*ENOENT/);
  // There is nobody to be asked.
  missing.stop();
});

test("a process is asked to end, or made to", async () => {
  const polite = startProcess(shell("sleep 1000"), { env });
  polite.stop();
  expect(await polite.ended).toBe("ended by SIGTERM");
  const deaf = startProcess(shell("trap '' TERM; while :; do sleep 1000; done"), { env });
  deaf.kill();
  expect(await deaf.ended).toBe("ended by SIGKILL");
});

test("nobody is asked in the place of a process that has ended", async () => {
  const gone = startProcess(shell("exit 0"), { env });
  await gone.ended;
  const sent = vi.spyOn(process, "kill").mockReturnValue(true);
  onTestFinished(() => sent.mockRestore());
  gone.stop();
  gone.kill();
  expect(sent).not.toHaveBeenCalled();
});

test("what a process started goes with it", async () => {
  const file = join(folder, "below");
  const group = new ProcessGroup(shell(`sleep 1000 & echo $! > ${file}`), { env });
  expect(await group.ended).toEqual({ code: 0, signal: null });
  const pid = Number(await readFile(file, "utf8"));
  expect(pid).toBeGreaterThan(0);
  while (await isRunning(pid)) await nextTurn();
});

test("a thread has its data, is asked by a message, and made to end", async () => {
  const file = join(folder, "thread.mjs");
  const source = `
    import { parentPort, workerData } from "node:worker_threads";
    if (workerData === "throws") throw new Error("no data");
    parentPort.on("message", (message) => process.exit(message === "stop" ? workerData.code : 1));
  `;
  await writeFile(file, source);
  const asked = startThread(file, { code: 5 });
  asked.stop();
  expect(await asked.ended).toBe("ended with code 5");
  const made = startThread(file, { code: 5 });
  made.kill();
  expect(await made.ended).toMatch(/^ended with code [01]$/);
  expect(await startThread(file, "throws").ended).toBe("threw: no data");
});

test("what a thread threw is told in its own words, also when it comes with errors that are none", async () => {
  const file = join(folder, "invalid.mjs");
  await writeFile(file, 'throw Object.assign(new Error("port is missing"), { errors: [{ path: "port" }] });');
  expect(await startThread(file, null).ended).toBe("threw: port is missing");
});
