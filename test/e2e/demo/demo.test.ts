import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CommandLine } from "../support/command-line.ts";
import { TemporaryFolder } from "../../jepsen/src/processes/temporary-folder.ts";
import { until } from "../../jepsen/src/processes/until.ts";

const timeoutMs = 240_000;

type Event = Record<string, unknown>;

function pidsOf(events: readonly Event[]): number[] {
  return events.flatMap((event) => (typeof event["pid"] === "number" ? [event["pid"]] : []));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The demo with temporary files of its own, to see what it leaves behind. */
async function inFolder(
  name: string,
): Promise<{ folder: TemporaryFolder; env: Record<string, string>; temporary: string }> {
  const folder = await TemporaryFolder.create(name);
  const temporary = join(folder.path, "tmp");
  await mkdir(temporary);
  return { folder, temporary, env: { TMPDIR: temporary } };
}

function gone(what: string, pids: readonly number[]): Promise<true> {
  return until(what, () => (pids.some(isAlive) ? undefined : (true as const)), {
    hopeless: () => false,
    diagnose: () => `alive: ${pids.filter(isAlive).join(", ")}`,
  });
}

test(
  "headless: survives each fault, never answers wrong, and cleans up",
  { timeout: timeoutMs },
  async () => {
    const { folder, env, temporary } = await inFolder("demo");
    await using _folder = folder;
    const args = [
      "demo",
      "--headless",
      "--for",
      "20s",
      "--faults",
      "kill-leader,pause-leader,kill-worker",
      "--seed",
      "7",
      "--json",
    ];
    await using demo = new CommandLine(args, { env });
    const { code, stderr } = await demo.ended();
    const events = demo.jsonLines;
    const summary = events.at(-1);
    expect({ code, stderr, last: code === 0 ? [] : events.slice(-30) }).toEqual({
      code: 0,
      stderr: "",
      last: [],
    });

    const over = events.filter((event) => event["type"] === "fault-over");
    expect(over.length).toBeGreaterThanOrEqual(3);
    expect(over.every((event) => event["recovered"] === true)).toBe(true);
    expect(new Set(over.map((event) => event["kind"]))).toEqual(
      new Set(["kill-leader", "pause-leader", "kill-worker"]),
    );
    for (const event of over.filter(({ kind }) => kind === "pause-leader"))
      expect(event["staleRefused"]).toBeGreaterThanOrEqual(1);

    expect(summary).toMatchObject({
      type: "summary",
      wrong: 0,
      faults: {
        "kill-leader": expect.any(Number),
        "pause-leader": expect.any(Number),
        "kill-worker": expect.any(Number),
      },
      writesResumedMs: { p50: expect.any(Number), max: expect.any(Number) },
      vacancyMs: { p50: expect.any(Number), max: expect.any(Number) },
      outageMs: { p50: expect.any(Number), max: expect.any(Number) },
    });
    const epochs = summary?.["epochs"] as number[];
    expect(summary?.["queries"]).toBeGreaterThan(0);
    expect(summary?.["staleRefused"]).toBeGreaterThanOrEqual(1);
    expect(summary?.["elections"]).toBe(epochs.length);
    expect(epochs.length).toBeGreaterThanOrEqual(3);
    expect(epochs.toSorted((a, b) => a - b)).toEqual(epochs);
    expect(new Set(epochs).size).toBe(epochs.length);

    await gone("all processes of the demo are gone", pidsOf(events));
    expect(await readdir(temporary)).toEqual([]);
  },
);

test(
  "a rolling restart goes through all five, and data that is to be kept is kept",
  { timeout: timeoutMs },
  async () => {
    const { folder, env, temporary } = await inFolder("demo-rolling");
    await using _folder = folder;
    const docs = join(folder.path, "docs");
    await mkdir(docs);
    for (let i = 0; i < 12; i += 1)
      await writeFile(join(docs, `${i}.md`), `document ${i} ${"raft log ".repeat(i)}`);
    const data = join(folder.path, "data");
    const args = [
      "demo",
      "--headless",
      "--for",
      "1s",
      "--faults",
      "rolling-restart",
      "--docs",
      docs,
      "--data",
      data,
    ];
    await using demo = new CommandLine(args, { env });
    const { code, stdout, stderr } = await demo.ended();
    expect({ code, stderr, printed: code === 0 ? "" : stdout }).toEqual({ code: 0, stderr: "", printed: "" });
    expect(stdout).toContain("recovered from rolling-restart");
    for (const id of ["n1", "n2", "n3", "n4", "n5"]) expect(stdout).toContain(`${id} starts again`);
    expect(stdout).toMatch(/\d+ queries answered, 0 wrong/);
    expect(existsSync(join(data, "n1"))).toBe(true);
    expect(await readdir(temporary)).toEqual([]);
  },
);

test("interrupted, it closes its members and removes its files", { timeout: timeoutMs }, async () => {
  const { folder, env, temporary } = await inFolder("demo-interrupted");
  await using _folder = folder;
  await using demo = new CommandLine(["demo", "--json"], { env });
  await demo.printed(/the cluster is whole/);
  const pids = pidsOf(demo.jsonLines);
  expect(pids).toHaveLength(5);
  demo.signal("SIGINT");
  demo.signal("SIGINT"); // told by a terminal, and passed on by whoever runs it
  const { code, stderr } = await demo.ended();
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(demo.jsonLines.at(-1)).toMatchObject({ type: "summary", wrong: 0, faults: {} });
  await gone("all processes of the demo are gone", pids);
  expect(await readdir(temporary)).toEqual([]);
});

test("killed, it leaves no process behind, not even a stopped one", { timeout: timeoutMs }, async () => {
  const { folder, env } = await inFolder("demo-killed");
  await using _folder = folder;
  await using demo = new CommandLine(["demo", "--faults", "pause-leader", "--for", "1m", "--json"], { env });
  await demo.printed(/"type":"paused"/);
  const pids = pidsOf(demo.jsonLines);
  demo.signal("SIGKILL");
  await demo.ended();
  await gone("all processes of the demo are gone", pids);
});
