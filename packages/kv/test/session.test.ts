import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeResult, encodeCommand, limits, Machine } from "../src/index.ts";
import type { Applied, TreeOp } from "../src/index.ts";
import { allOf, create, Driver, dump, idOf, secretOf } from "./support.ts";

function opened(): Driver {
  const driver = new Driver();
  driver.open(1);
  return driver;
}

function why(applied: Applied): unknown {
  return applied.type === "refused" ? [applied.why, applied.nextSeq] : applied.type;
}

const check: TreeOp = { type: "check", path: "/", if: { exists: true } };

describe("attach", () => {
  test("opens only with a ttl within bounds", () => {
    const driver = new Driver();
    expect(driver.open(1, null)).toMatchObject({ code: "ERR_FLOTILLA_SESSION_EXPIRED" });
    expect(driver.open(1, limits.minTtlMs - 1)).toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
    expect(driver.machine.sessions()).toEqual([]);
    expect(driver.open(1)).toMatchObject({ type: "attached", lastSeq: 0, ttlMs: 10_000 });
    expect(driver.machine.lease(idOf(1))).toEqual({
      id: idOf(1),
      session: idOf(1),
      ttlMs: 10_000,
      doomed: false,
    });
  });

  test("again takes the right secret and a higher number, and keeps the ttl", () => {
    const driver = opened();
    driver.send(1, create("/a"));
    const attach = (secret: number, number: number): Applied =>
      driver.apply({
        type: "attach",
        session: idOf(1),
        secret: secretOf(secret),
        attach: number,
        ttlMs: 500,
      });
    expect(attach(2, 5)).toMatchObject({ type: "attach-refused", code: "ERR_FLOTILLA_WRONG_SECRET" });
    expect(attach(1, 1)).toMatchObject({ type: "attach-refused", code: "ERR_FLOTILLA_MOVED" });
    expect(attach(1, 5)).toMatchObject({ type: "attached", attach: 5, lastSeq: 1, ttlMs: 10_000 });
    expect(attach(1, 4)).toMatchObject({ type: "attach-refused", code: "ERR_FLOTILLA_MOVED" });
  });

  test("refuses the id of another session's lease", () => {
    const driver = opened();
    driver.send(1, { type: "grant", lease: idOf(3), ttlMs: 5_000 });
    expect(driver.open(3)).toMatchObject({ type: "attach-refused", code: "ERR_FLOTILLA_EXISTS" });
  });

  test("refuses what an older attach still sends, also a repeat", () => {
    const driver = opened();
    driver.request(1, 1, create("/a"));
    driver.open(1, null, 2);
    expect(why(driver.request(1, 1, create("/a")))).toEqual(["moved", 2]);
    expect(why(driver.request(1, 2, create("/b")))).toEqual(["moved", 2]);
    expect(why(driver.request(1, 2, create("/b"), 0, 3))).toEqual(["moved", 2]);
    expect(driver.machine.exists("/b")).toBeNull();
    expect(why(driver.request(1, 2, create("/b"), 0, 2))).toBe("answered");
  });
});

describe("window", () => {
  test("answers a repeat with the first result and changes nothing", () => {
    const driver = opened();
    driver.send(1, create("/q"));
    const sequential = create("/q/n-", { sequential: true });
    const first = driver.request(1, 2, sequential);
    const before = [driver.machine.digest(), dump(driver.machine)];
    const again = driver.request(1, 2, sequential, 1);
    expect(first).toMatchObject({ type: "answered", repeat: false });
    expect(again).toEqual({ ...first, repeat: true });
    expect(driver.machine.takeEvents()).toEqual([]);
    expect([driver.machine.digest(), dump(driver.machine)]).toEqual(before);
  });

  test("keeps results of refused operations too", () => {
    const driver = opened();
    const first = driver.request(1, 1, create("/x/y"));
    driver.request(1, 2, create("/x"));
    expect(driver.request(1, 1, create("/x/y"))).toEqual({ ...first, repeat: true });
    expect(driver.machine.exists("/x/y")).toBeNull();
  });

  test("forgets what is acknowledged, and says so", () => {
    const driver = opened();
    for (let seq = 1; seq <= 3; seq += 1) driver.request(1, seq, check);
    driver.request(1, 4, check, 2);
    expect(why(driver.request(1, 2, check))).toEqual(["forgotten", 5]);
    expect(driver.machine.pendingResults(idOf(1), 0).map(([seq]) => seq)).toEqual([3, 4]);
    expect(driver.machine.pendingResults(idOf(1), 4).map(([seq]) => seq)).toEqual([4]);
    expect(driver.machine.pendingResults(idOf(2), 0)).toEqual([]);
  });

  test("refuses a request whose predecessor is missing", () => {
    const driver = opened();
    expect(why(driver.request(1, 2, create("/b")))).toEqual(["gap", 1]);
    driver.request(1, 1, create("/a"));
    expect(why(driver.request(1, 2, create("/b")))).toBe("answered");
  });

  test("is bounded in requests; an acknowledgement in the refused request itself makes room", () => {
    const driver = opened();
    for (let seq = 1; seq <= limits.windowRequests; seq += 1) driver.request(1, seq, check);
    const next = limits.windowRequests + 1;
    const before = driver.machine.digest();
    expect(why(driver.request(1, next, create("/a")))).toEqual(["full", next]);
    expect(driver.machine.digest()).toBe(before);
    expect(why(driver.request(1, next, create("/a"), 1))).toBe("answered");
  });

  test("is bounded in bytes of results", () => {
    const driver = opened();
    const absent: TreeOp = { type: "check", path: `/${"x".repeat(200)}`, if: { exists: false } };
    const ops = Array.from({ length: limits.opsPerMulti }, () => absent);
    const result = driver.request(1, 1, { type: "multi", ops });
    const size = result.type === "answered" ? result.result.length : 0;
    let seq = 1;
    while (why(driver.request(1, seq + 1, { type: "multi", ops })) === "answered") seq += 1;
    expect(seq).toBe(Math.ceil(limits.windowBytes / size));
    expect(why(driver.request(1, seq + 1, check, seq))).toBe("answered");
    expect(why(driver.request(1, seq + 2, check, seq))).toBe("answered");
  }, 120_000);

  test("belongs to its session alone and is gone with it", () => {
    const driver = opened();
    driver.open(2);
    driver.request(1, 1, create("/a"));
    expect(driver.request(2, 1, create("/b"))).toMatchObject({ type: "answered", repeat: false });
    expect(driver.request(1, 2, { type: "close" })).toMatchObject({ type: "answered", seq: 2 });
    expect(why(driver.request(1, 2, { type: "close" }))).toEqual(["no-session", 0]);
    expect(why(driver.request(3, 1, check))).toEqual(["no-session", 0]);
  });
});

test("tells how many nodes end with a lease, and with a session", () => {
  const driver = opened();
  driver.open(2);
  const { machine } = driver;
  driver.send(1, { type: "grant", lease: idOf(5), ttlMs: 5_000 });
  for (const path of ["/a", "/b"]) driver.send(1, create(path, { lease: idOf(5) }));
  driver.send(1, create("/c", { lease: idOf(1) }));
  driver.send(2, create("/d", { lease: idOf(2) }));
  expect([1, 5, 2, 9].map((lease) => machine.owned(idOf(lease)))).toEqual([3, 2, 1, 0]);
  driver.send(1, { type: "revoke", lease: idOf(5) });
  expect([1, 5].map((lease) => machine.owned(idOf(lease)))).toEqual([1, 0]);
});

test("whatever is sent twice, late or out of order, every request takes effect once and in order", () => {
  const count = 12;
  const sends = fc.array(
    fc.record({ seq: fc.integer({ min: 1, max: count }), back: fc.integer({ min: 1, max: 6 }) }),
    {
      minLength: 30,
      maxLength: 200,
      size: "max",
    },
  );
  fc.assert(
    fc.property(sends, (attempts) => {
      const driver = opened();
      driver.send(1, create("/q"));
      const answers = new Map<number, string>();
      let done = 1;
      const request = (seq: number, ack: number): void => {
        const applied = driver.request(1, seq, create(`/q/${seq}-`, { sequential: true }), ack);
        if (applied.type !== "answered") {
          const expected = seq > done ? "gap" : "forgotten";
          expect(applied).toMatchObject({ why: expected, nextSeq: done + 1 });
          return;
        }
        const result = Buffer.from(applied.result).toString("hex");
        if (applied.repeat) expect(result).toBe(answers.get(seq));
        else expect(seq).toBe(done + 1);
        answers.set(seq, result);
        done = Math.max(done, seq);
      };
      for (const { seq, back } of attempts) request(seq + 1, Math.min(Math.max(0, seq - back), done, seq));
      for (let seq = done + 1; seq <= count; seq += 1) request(seq, 0);
      const made = allOf(driver.machine, "/q").slice(1);
      expect(made.map(({ node }) => node.stat.czxid).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: done - 1 }, (_, at) => at + 2),
      );
      for (let seq = 2; seq <= done; seq += 1) {
        expect(driver.machine.exists(`/q/${seq}-${String(seq - 2).padStart(10, "0")}`)).not.toBeNull();
      }
    }),
    { numRuns: 200 },
  );
}, 120_000);

test("the index of commands must grow", () => {
  const machine = new Machine();
  const payload = encodeCommand({ type: "expire", leases: [] });
  machine.apply(payload, { index: 5, timeMs: 0 });
  expect(() => machine.apply(payload, { index: 5, timeMs: 0 })).toThrow(/ApplyOrder/);
  expect([machine.applied, machine.lastIndex]).toEqual([1, 5]);
});

test("results decode to what was said", () => {
  const driver = opened();
  const applied = driver.request(1, 1, create("/none/x"));
  expect(applied.type === "answered" && decodeResult(applied.result)).toEqual({
    ok: false,
    revision: 0,
    code: "ERR_FLOTILLA_NOT_FOUND",
    failed: null,
  });
});
