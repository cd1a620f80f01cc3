import { PassThrough, Writable } from "node:stream";
import { expect, onTestFinished, test, vi } from "vitest";
import { Output, tableText } from "../../src/cli/output.ts";
import { printable } from "../../src/cli/printable.ts";
import { jsonValue, parseCount } from "../../src/cli/values.ts";

test("a table is aligned and has no blanks at line ends", () => {
  expect(
    tableText(
      ["ID", "ROLE"],
      [
        ["n1", "leader"],
        ["longer", "x"],
      ],
    ),
  ).toBe("ID      ROLE\nn1      leader\nlonger  x");
});

test("cells of characters that take two columns or none are aligned, and rows may lack cells", () => {
  const rows = [["日本", "e\u0301", "x"], ["abc", "", "🚢"], ["a"], ["", "", "y"]];
  expect(tableText([], rows).split("\n")).toEqual(["日本  e\u0301  x", "abc      🚢", "a", "         y"]);
  expect(tableText([], [])).toBe("");
});

test("a table of very many rows takes little time, and no more for each of them", () => {
  const rows = Array.from({ length: 200_000 }, (_, i) => [`node-${i}`, "0", "1", "persistent"]);
  const before = process.cpuUsage();
  const lines = tableText(["NAME", "VERSION", "BYTES", "KIND"], rows).split("\n");
  const { user } = process.cpuUsage(before);
  expect(lines.length).toBe(200_001);
  expect(lines.at(-1)).toBe("node-199999  0        1      persistent");
  expect(user / 1e6).toBeLessThan(10);
});

/** Microseconds of CPU time. */
function spent(rows: readonly (readonly string[])[]): number {
  const before = process.cpuUsage();
  tableText(["NAME", "VERSION"], rows);
  return process.cpuUsage(before).user;
}

test("a table with one very long name costs about what it costs with many of them", () => {
  const short = Array.from({ length: 3_000 }, (_, i) => [`n${i}`, "1"]);
  const long = short.map(([name = "", version = ""]) => [name.padEnd(1_000, "x"), version]);
  const wide = [["x".repeat(1_000), "1"], ...short.slice(1)];
  spent(long);
  // Tens of milliseconds each; as the square of what is wide, it is seconds.
  expect(spent(wide)).toBeLessThan(20 * spent(long));
});

test("blanks at line ends are cut, and no other white space", () => {
  expect(
    tableText(
      [],
      [
        ["a\u00a0", ""],
        ["b  ", " "],
        [" ", ""],
        ["long name", "x"],
      ],
    ).split("\n"),
  ).toEqual(["a\u00a0", "b", "", "long name  x"]);
});

test("what is stored cannot steer the terminal", () => {
  expect(printable("a\u001b[31mred\nnext\u202e")).toBe("a\\u001b[31mred\\u000anext\\u202e");
  expect(tableText([], [["\u001b[2J"]])).toBe("\\u001b[2J");
});

test("a value is text when it is UTF-8, else base64", () => {
  expect(jsonValue(new TextEncoder().encode("\ufeffgrün"))).toEqual({
    value: "\ufeffgrün",
    encoding: "utf8",
  });
  expect(jsonValue(Uint8Array.of(0xff, 0))).toEqual({ value: "/wA=", encoding: "base64" });
});

test("a version is a whole number that a double holds", () => {
  expect(parseCount("0", "--if-version")).toBe(0);
  for (const text of ["", "1.5", "-1", "1e3", "99999999999999999"]) {
    expect(() => parseCount(text, "--if-version")).toThrow(
      expect.objectContaining({ code: "ERR_FLOTILLA_BAD_ARGUMENT" }),
    );
  }
});

function outputTo(stdout: Writable): Output {
  return new Output(
    stdout as unknown as NodeJS.WriteStream,
    new PassThrough() as unknown as NodeJS.WriteStream,
  );
}

test("a reader that hangs is not waited for once the command was interrupted", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const interrupted = new AbortController();
  const out = outputTo(new Writable({ write: () => {} }));
  out.line("x");
  const written = out.written(interrupted.signal).then(
    () => "read",
    (error: { readonly code?: string }) => error.code,
  );
  const told = vi.fn();
  void written.then(told);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(told).not.toHaveBeenCalled();
  interrupted.abort();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await written).toBe("ERR_FLOTILLA_ABORTED");
});

test("what an interrupted command has told last is waited for", async () => {
  const written: string[] = [];
  const slow = new Writable({
    write: (chunk, _, done) => {
      setTimeout(() => {
        written.push(String(chunk));
        done();
      }, 20);
    },
  });
  const out = outputTo(slow);
  out.line("x");
  await out.written(AbortSignal.abort());
  expect(written.join("")).toBe("x\n");
});
