import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { TraceFile } from "../../src/cli/trace-file.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "flotilla-trace-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

test("records of a turn are in the file after it, also those that do not fit one write, and later ones follow", async () => {
  const path = join(folder, "a");
  const records = Array.from({ length: 2000 }, (_, seq) => ({ seq, text: "x".repeat(100) }));
  {
    using trace = new TraceFile(path);
    for (const record of records) trace.add(record);
    await turn();
    expect((await readFile(path, "utf8")).split("\n").length).toBe(2001);
    trace.add({ seq: 2000 });
  }
  {
    using trace = new TraceFile(path);
    trace.add({ seq: 2001 });
  }
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual(lines.map((_, k) => k));
  expect(lines.length).toBe(2002);
});

test("a file that cannot be opened is refused", () => {
  expect(() => new TraceFile(join(folder, "none", "b"))).toThrow(
    expect.objectContaining({ code: "ERR_FLOTILLA_BAD_CONFIG" }),
  );
});

test.runIf(process.platform === "linux")(
  "a disk that is full ends the trace, with a word, and nothing else",
  async () => {
    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    using trace = new TraceFile("/dev/full");
    for (const seq of [0, 1]) {
      trace.add({ seq });
      await turn();
    }
    expect(said.mock.calls).toEqual([[expect.stringContaining("/dev/full cannot be written")]]);
    said.mockRestore();
  },
);
