import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HistoryWriter, parseHistory } from "@flotilla/history";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Journal, readJournal } from "../src/embedded/journal.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "flotilla-journal-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const belief = {
  kind: "belief",
  process: "p",
  object: "l",
  epoch: 3,
  from_ns: 40,
  to_ns: null,
  paused: [],
} as const;

/** What a process noted that was killed while it read, believed to hold something, and added to a counter. */
function notes(): string {
  const file = join(folder, "notes");
  using journal = new Journal(file);
  const [a, b] = [journal.newClient(), journal.newClient()];
  const create = journal.invoke(a, { type: "create", path: "/a", value: "x" }, 10, { session: "s" });
  journal.ok(create, 20, { version: 0, zxid: 1 });
  journal.fail(journal.invoke(b, { type: "create", path: "/a", value: "y" }, 22), 24, "NODE_EXISTS");
  journal.unknown(journal.invoke(b, { type: "set", path: "/a", value: "z" }, 30));
  journal.add(belief);
  const call = { kind: "counter", object: "k", type: "add", by: 1 } as const;
  journal.add({ ...call, value: null, invoke_ns: 50, return_ns: null, outcome: "unknown" });
  const other = journal.add({ ...call, value: null, invoke_ns: 51, return_ns: null, outcome: "unknown" });
  journal.amend(other, { ...call, value: 1, invoke_ns: 51, return_ns: 60, outcome: "ok" });
  journal.invoke(a, { type: "get", path: "/a" }, 70);
  return readFileSync(file, "utf8");
}

test("tells what was noted, with what nobody saw the end of as unknown, and beliefs up to the last line", () => {
  const { ops, others } = parseHistory(readJournal(notes()).toJsonLines());
  expect(ops.map(({ op, outcome, session }) => [op.type, outcome, session])).toEqual([
    ["create", "ok", "s"],
    ["create", "fail", undefined],
    ["set", "unknown", undefined],
    ["get", "unknown", undefined],
  ]);
  expect(others).toMatchObject([
    { kind: "belief", to_ns: 70 },
    { kind: "counter", outcome: "unknown", return_ns: null },
    { kind: "counter", outcome: "ok", value: 1, return_ns: 60 },
  ]);
});

test("can be read wherever it breaks off", () => {
  const text = notes();
  for (let length = 0; length < text.length; length += 7) {
    const history = new HistoryWriter();
    history.absorb(readJournal(text.slice(0, length)));
    expect(() => parseHistory(history.toJsonLines())).not.toThrow();
  }
});

test("those of several processes make one history", () => {
  const history = new HistoryWriter();
  const own = history.newClient();
  history.ok(history.invoke(own, { type: "create", path: "/b", value: "own" }, 5), 6, { version: 0 });
  const text = notes();
  history.absorb(readJournal(text));
  history.absorb(readJournal(text.replaceAll('"value":"', '"value":"other-')));
  const { ops } = parseHistory(history.toJsonLines());
  expect(ops).toHaveLength(9);
  expect(new Set(ops.map(({ client }) => client)).size).toBe(5);
  expect(history.newClient()).toBeGreaterThan(Math.max(...ops.map(({ client }) => client)));
});
