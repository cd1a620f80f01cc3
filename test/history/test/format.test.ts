import { describe, expect, test } from "vitest";
import { HistoryFormatError, HistoryWriter, checkLinearizability, parseHistory } from "../src/index.ts";
import { generate } from "./_support/generate.ts";

const sample = `{"kind":"meta","v":1,"model":"vreg","clock":"virtual","seed":0}
{"id":0,"client":0,"op":{"type":"create","path":"/a","value":"x"},"invoke_ns":0,"return_ns":10,"outcome":"ok","result":{"version":0,"zxid":1}}
{"id":2,"client":0,"op":{"type":"cas","path":"/a","value":"y","expectedVersion":0},"invoke_ns":20,"return_ns":null,"outcome":"unknown","result":null}
{"id":4,"client":2,"op":{"type":"get","path":"/a"},"invoke_ns":40,"return_ns":45,"outcome":"ok","result":{"value":"y","version":1,"zxid":2}}
{"id":5,"client":1,"op":{"type":"cas","path":"/a","value":"z","expectedVersion":0},"invoke_ns":50,"return_ns":55,"outcome":"fail","result":{"error":"BAD_VERSION"}}
`;

const get = {
  id: 1,
  client: 1,
  op: { type: "get", path: "/a" },
  invoke_ns: 5,
  return_ns: 9,
  outcome: "ok",
  result: { value: "x", version: 0, zxid: 1 },
};
const set = { ...get, op: { type: "set", path: "/a", value: "w" }, result: { version: 1 } };

function failure(...records: readonly unknown[]): { code: string; line: number } {
  try {
    parseHistory(
      records.map((record) => (typeof record === "string" ? record : JSON.stringify(record))).join("\n"),
    );
  } catch (error) {
    if (error instanceof HistoryFormatError) return { code: error.code, line: error.line };
    throw error;
  }
  throw new Error("the history was accepted");
}

describe("parseHistory", () => {
  test("reads the documented sample, which is linearizable", () => {
    const { meta, ops, others } = parseHistory(sample);
    expect(meta).toEqual({ kind: "meta", v: 1, model: "vreg", clock: "virtual", seed: 0 });
    expect(ops.map((op) => op.id)).toEqual([0, 2, 4, 5]);
    expect(others).toEqual([]);
    expect(checkLinearizability(ops)).toMatchObject({
      verdict: "linearizable",
      ops: 4,
      checked: 4,
      dropped: 0,
      unknown: 1,
      paths: 1,
    });
  });

  test("passes other kinds through as they are", () => {
    const fault = { kind: "fault", what: "kill", from_ns: 1, deep: { a: [1] } };
    expect(parseHistory(`${JSON.stringify(fault)}\n`).others).toEqual([fault]);
  });

  test("accepts an empty file, and intervals of one client that touch", () => {
    expect(parseHistory("")).toEqual({ meta: null, ops: [], others: [] });
    expect(
      parseHistory(`${JSON.stringify(get)}\n${JSON.stringify({ ...get, id: 2, invoke_ns: 9 })}`).ops,
    ).toHaveLength(2);
  });

  test.each([
    ["not JSON", "BAD_JSON", ["{"]],
    ["an array", "BAD_JSON", ["[]"]],
    ["a blank line", "BAD_JSON", ["", get]],
    ["a kind that is no string", "BAD_FIELD", [{ ...get, kind: 7 }]],
    ["an unknown version of the format", "BAD_META", [{ kind: "meta", v: 2 }]],
    ["an unknown model", "BAD_META", [{ kind: "meta", v: 1, model: "queue" }]],
    ["a misspelt field", "BAD_FIELD", [{ ...get, reslut: null }]],
    ["a misspelt result field", "BAD_FIELD", [{ ...get, result: { verison: 1 } }]],
    ["a negative id", "BAD_FIELD", [{ ...get, id: -1 }]],
    ["a time beyond 2^53", "BAD_FIELD", [{ ...get, return_ns: 2 ** 53 }]],
    ["a fractional time", "BAD_FIELD", [{ ...get, invoke_ns: 1.5 }]],
    ["a return before the invocation", "BAD_FIELD", [{ ...get, return_ns: 4 }]],
    ["no return although the outcome is known", "BAD_FIELD", [{ ...get, return_ns: null }]],
    ["a return although the outcome is unknown", "BAD_FIELD", [{ ...get, outcome: "unknown", result: null }]],
    [
      "a result although the outcome is unknown",
      "BAD_FIELD",
      [{ ...get, outcome: "unknown", return_ns: null }],
    ],
    ["an unknown outcome word", "BAD_FIELD", [{ ...get, outcome: "info" }]],
    ["an unknown operation", "BAD_FIELD", [{ ...get, op: { type: "append", path: "/a" } }]],
    ["an empty path", "BAD_FIELD", [{ ...get, op: { type: "get", path: "" } }]],
    ["a write without a value", "BAD_FIELD", [{ ...set, op: { type: "set", path: "/a" } }]],
    ["a read with a value", "BAD_FIELD", [{ ...get, op: { ...get.op, value: "x" } }]],
    ["a cas without a version", "BAD_FIELD", [{ ...set, op: { ...set.op, type: "cas" } }]],
    [
      "a conditional create",
      "BAD_FIELD",
      [{ ...set, op: { ...set.op, type: "create", expectedVersion: 0 } }],
    ],
    ["an error on success", "BAD_FIELD", [{ ...get, result: { error: "NO_NODE" } }]],
    ["a version of an absent node", "BAD_FIELD", [{ ...get, result: { exists: false, version: 1 } }]],
    ["a resolution of a known outcome", "BAD_FIELD", [{ ...get, resolved: { applied: true } }]],
  ])("refuses %s", (_, code, records) => {
    expect(failure(...records)).toEqual({ code, line: 1 });
  });

  test.each([
    [
      "a value written twice, also elsewhere",
      "DUPLICATE_VALUE",
      { ...set, id: 2, client: 2, op: { ...set.op, path: "/b" } },
    ],
    ["a meta record that is not the first line", "BAD_META", { kind: "meta", v: 1 }],
    ["an id used twice", "DUPLICATE_ID", { ...get, client: 2 }],
    ["a value written twice", "DUPLICATE_VALUE", { ...set, id: 2, client: 2 }],
    ["two operations in flight on one client", "CLIENT_OVERLAP", { ...get, id: 2, invoke_ns: 8 }],
    ["a client's records out of order", "CLIENT_ORDER", { ...get, id: 2, invoke_ns: 1, return_ns: 2 }],
  ])("refuses %s, naming the later line", (_, code, record) => {
    expect(failure(set, record)).toEqual({ code, line: 2 });
  });

  test("refuses a client that goes on after an unknown outcome", () => {
    const lost = { ...set, outcome: "unknown", return_ns: null, result: null };
    expect(failure(lost, { ...get, id: 2, invoke_ns: 20, return_ns: 21 })).toEqual({
      code: "CLIENT_REUSED",
      line: 2,
    });
  });

  test("reads back every generated history", () => {
    for (let seed = 0; seed < 50; seed++) {
      const ops = generate({
        seed,
        clients: 4,
        ops: 60,
        paths: 2,
        unknownRate: 0.2,
        zxidRate: 0.5,
        detailRate: 0.5,
        spanNs: 30,
        types: ["get", "exists", "create", "set", "cas", "delete"],
      });
      expect(parseHistory(ops.map((op) => `${JSON.stringify(op)}\n`).join("")).ops).toEqual(ops);
    }
  });
});

describe("HistoryWriter", () => {
  test("writes what the parser reads, by time, with what is in flight as unknown", () => {
    const writer = new HistoryWriter({ clock: "virtual", seed: 7 });
    const [a, b] = [writer.newClient(), writer.newClient()];
    const slow = writer.invoke(a, { type: "create", path: "/a", value: "x" }, 100, {
      node: "n1",
      session: "s",
    });
    const lost = writer.invoke(b, { type: "set", path: "/a", value: "y" }, 110);
    writer.ok(slow, 150, { version: 0, zxid: 1 });
    writer.unknown(lost, { applied: false });
    const refused = writer.invoke(a, { type: "create", path: "/a", value: "z" }, 160);
    writer.fail(refused, 170, "NODE_EXISTS");
    writer.invoke(writer.newClient(), { type: "delete", path: "/a" }, 180);
    writer.add({ kind: "fault", what: "kill", at_ns: 120 });

    const text = writer.toJsonLines();
    const { meta, ops, others } = parseHistory(text);
    expect(meta).toEqual({ kind: "meta", v: 1, model: "vreg", clock: "virtual", seed: 7, records: 5 });
    expect(ops.map((op) => [op.id, op.client, op.outcome])).toEqual([
      [0, 0, "ok"],
      [1, 1, "unknown"],
      [2, 0, "fail"],
      [3, 2, "unknown"],
    ]);
    expect(ops[0]).toMatchObject({ node: "n1", session: "s", invoke_ns: 100, return_ns: 150 });
    expect(ops[1]).toMatchObject({ return_ns: null, result: null, resolved: { applied: false } });
    expect(others).toEqual([{ kind: "fault", what: "kill", at_ns: 120 }]);
    expect(text.split("\n")[3]).toContain("fault");
  });

  test("tells of a file that was cut at the end of a line", () => {
    const writer = new HistoryWriter();
    writer.add({ kind: "fault", what: "kill", at_ns: 1 });
    writer.add({ kind: "fault", what: "pause", at_ns: 2 });
    const lines = writer.toJsonLines().split("\n").slice(0, -1);
    expect(parseHistory(lines.join("\n")).others).toHaveLength(2);
    expect(failure(...lines.slice(0, -1))).toEqual({ code: "CUT_SHORT", line: 2 });
    expect(failure(lines[0])).toEqual({ code: "CUT_SHORT", line: 1 });
    expect(failure({ kind: "meta", v: 1, records: "2" }).code).toBe("BAD_FIELD");
  });

  test("keeps the order of what happens at one instant, so that a stale read then is found", () => {
    const writer = new HistoryWriter();
    const client = writer.newClient();
    const steps = [
      ["create", { value: "x" }],
      ["set", { value: "y" }],
    ] as const;
    for (const [type, fields] of steps)
      writer.ok(writer.invoke(client, { type, path: "/a", ...fields }, 0), 0);
    writer.ok(writer.invoke(client, { type: "get", path: "/a" }, 0), 0, { value: "x" });
    expect(checkLinearizability(parseHistory(writer.toJsonLines()).ops).verdict).toBe("not-linearizable");
  });

  test("refuses misuse of clients and ids", () => {
    const writer = new HistoryWriter();
    const id = writer.invoke(5, { type: "delete", path: "/a" }, 0);
    expect(() => writer.invoke(5, { type: "get", path: "/a" }, 1)).toThrow("in flight");
    writer.unknown(id);
    expect(() => writer.invoke(5, { type: "get", path: "/a" }, 2)).toThrow("unknown outcome");
    expect(() => writer.ok(id, 3)).toThrow("not in flight");
    expect(writer.newClient()).toBe(6);
  });
});
