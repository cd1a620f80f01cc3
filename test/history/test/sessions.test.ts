import { describe, expect, test } from "vitest";
import { exactlyOnce, leaseBound, sessionFifo } from "../src/index.ts";
import type { CheckReport, LeaseRecord, OutcomeRecord, SessionOpRecord } from "../src/index.ts";

function rules(report: CheckReport): string[] {
  expect(report.ok).toBe(report.violations.length === 0);
  return report.violations.map((violation) => violation.rule);
}

function op(seq: number, zxid: number | null, completed_ns: number | null, session = "s"): SessionOpRecord {
  return {
    kind: "session-op",
    session,
    seq,
    outcome: completed_ns === null ? "unknown" : "ok",
    zxid,
    completed_ns,
  };
}

describe("sessionFifo", () => {
  test("accepts effects and answers in order, given in any order, with gaps in both", () => {
    expect(rules(sessionFifo([op(3, 9, 30), op(1, 4, 10), op(2, null, null), op(4, 9, 30)]))).toEqual([]);
    expect(rules(sessionFifo([op(1, 9, 30, "a"), op(2, 4, 10, "b")]))).toEqual([]);
  });

  test("finds a later request that took effect first, however far away", () => {
    expect(rules(sessionFifo([op(1, 9, 10), op(2, null, 11), op(3, 4, 12)]))).toEqual(["effect-order"]);
    expect(rules(sessionFifo([op(1, 9, null), op(2, 4, null)]))).toEqual(["effect-order"]);
  });

  test("finds answers out of order", () => {
    expect(rules(sessionFifo([op(1, 1, 20), op(2, 2, 19)]))).toEqual(["answer-order"]);
  });

  test("finds a seq used twice", () => {
    expect(rules(sessionFifo([op(1, 1, 20), op(1, 2, 21)]))).toEqual(["seq-unique"]);
  });
});

describe("exactlyOnce", () => {
  const effect = { session: "s", seq: 1, zxid: 5 };
  const ok: OutcomeRecord = { session: "s", seq: 1, outcome: "ok", zxid: 5 };

  test("accepts one effect per success, none per failure, either for unknown", () => {
    expect(rules(exactlyOnce({ effects: [effect], outcomes: [ok] }))).toEqual([]);
    expect(rules(exactlyOnce({ effects: [], outcomes: [{ ...ok, outcome: "fail" }] }))).toEqual([]);
    expect(rules(exactlyOnce({ effects: [], outcomes: [{ ...ok, outcome: "unknown" }] }))).toEqual([]);
    expect(
      rules(exactlyOnce({ effects: [effect], outcomes: [{ session: "s", seq: 1, outcome: "unknown" }] })),
    ).toEqual([]);
    expect(rules(exactlyOnce({ effects: [effect, { ...effect, session: "t" }], outcomes: [ok] }))).toEqual(
      [],
    );
  });

  test.each([
    ["a second effect", "repeated", [effect, { ...effect, zxid: 6 }], [ok]],
    ["a second effect of a session that nobody reports on", "repeated", [effect, { ...effect, zxid: 6 }], []],
    ["a success without effect", "lost", [], [ok]],
    ["a success at another zxid", "wrong-zxid", [{ ...effect, zxid: 6 }], [ok]],
    ["a failure with an effect", "fail-with-effect", [effect], [{ ...ok, outcome: "fail" as const }]],
    ["an effect that was never sent", "phantom", [effect, { ...effect, seq: 2 }], [ok]],
    ["two outcomes of one request", "reported-twice", [effect], [ok, ok]],
  ])("finds %s", (_, rule, effects, outcomes) => {
    expect(rules(exactlyOnce({ effects, outcomes }))).toEqual([rule]);
  });
});

describe("leaseBound", () => {
  const ms = 1e6;
  const grant: LeaseRecord = { kind: "lease", id: "l", ttl_ms: 100, send_ns: 0 };
  const touch = (send: number, ack: number): LeaseRecord => ({
    kind: "lease-touch",
    id: "l",
    send_ns: send * ms,
    ack_ns: ack * ms,
  });
  const end = (at: number, reason: "expired" | "revoked" | "closed" = "expired"): LeaseRecord => ({
    kind: "lease-end",
    id: "l",
    at_ns: at * ms,
    reason,
  });
  const believed = (until: number): LeaseRecord => ({
    kind: "believed-until",
    id: "l",
    until_ns: until * ms,
  });

  test("accepts an end exactly one TTL after the send of the last acknowledged renewal", () => {
    expect(rules(leaseBound([grant, end(100)]))).toEqual([]);
    expect(rules(leaseBound([grant, touch(40, 60), believed(140), end(140)]))).toEqual([]);
    expect(rules(leaseBound([grant, touch(40, 60)]))).toEqual([]);
  });

  test("finds an end that is too early, whoever did it but its own client", () => {
    expect(rules(leaseBound([grant, end(99)]))).toEqual(["ended-early"]);
    expect(rules(leaseBound([grant, touch(40, 60), end(139, "revoked")]))).toEqual(["ended-early"]);
    expect(rules(leaseBound([grant, touch(40, 60), end(70, "closed")]))).toEqual([]);
  });

  test("allows for drift when told to", () => {
    expect(rules(leaseBound([grant, end(98)], { rho: 0.02 }))).toEqual([]);
    expect(rules(leaseBound([grant, end(97)], { rho: 0.02 }))).toEqual(["ended-early"]);
  });

  test("finds belief and renewal after the end", () => {
    expect(rules(leaseBound([grant, believed(101), end(100)]))).toEqual(["believed-late"]);
    expect(rules(leaseBound([grant, believed(61), end(60, "closed")]))).toEqual(["believed-late"]);
    expect(rules(leaseBound([grant, touch(99, 101), end(100)]))).toEqual(["renewed-after-end"]);
  });

  test("finds leases granted or ended more than once, or never granted", () => {
    expect(rules(leaseBound([grant, grant]))).toEqual(["granted-once"]);
    expect(rules(leaseBound([touch(1, 2)]))).toEqual(["granted-once"]);
    expect(rules(leaseBound([grant, end(100), end(200)]))).toEqual(["ended-once"]);
  });
});
