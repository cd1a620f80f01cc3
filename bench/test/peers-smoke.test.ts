import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";

const program = join(import.meta.dirname, "../dist/main.js");
const run = promisify(execFile);

// CPU is read from /proc.
describe.runIf(process.platform === "linux")("bench peers, Flotilla alone", () => {
  test("a killed leader, a hanging one, a killed holder, few sessions and a restart give figures and leave nothing", async () => {
    const folder = await mkdtemp(join(tmpdir(), "flotilla-smoke-"));
    onTestFinished(async () => rm(folder, { recursive: true, force: true }));
    const size = ["--trials", "1", "--nodes", "2000", "--dir", folder];
    const what = ["--only", "W8,W10,W11,W12", "--peers", "none", "--json"];
    const { stdout } = await run(process.execPath, [program, "peers", ...what, ...size]);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    for (const expected of [
      { type: "result", workload: "W8", what: "leader killed", trials: 1 },
      { type: "result", workload: "W8", what: "leader stopped" },
      { type: "result", workload: "W10", what: "restart with 2000 nodes" },
      { type: "result", workload: "W11", what: "2000 nodes" },
      { type: "result", workload: "W12", what: "holder killed", ttlMs: 500 },
      { type: "asked", value: null, ok: null },
    ])
      expect(lines).toContainEqual(expect.objectContaining(expected));
    expect(await readdir(folder)).toEqual([]);
  }, 240_000);
});
