import { expect, test } from "vitest";
import { earlierPledge, isPledged } from "../../src/core/pledge.ts";
import { founded } from "./member.ts";

test("a pledge holds against everybody but the one it was given to, until the moment it is over", () => {
  const pledge = { to: "a", untilMs: 100 };
  const at = (nowMs: number) => ({ pledge, now: { nowMs, wallMs: 0 } });
  expect([isPledged(at(99.9), "b"), isPledged(at(99.9), "a"), isPledged(at(100), "b")]).toEqual([
    true,
    false,
    false,
  ]);
  expect(isPledged({ pledge: null, now: { nowMs: 0, wallMs: 0 } }, "b")).toBe(false);
  // What an earlier life gave was given to nobody known.
  expect(isPledged({ pledge: { to: null, untilMs: 100 }, now: { nowMs: 0, wallMs: 0 } }, "a")).toBe(true);
});

test("a life begins pledged when lease reads are on in any configuration of its log", () => {
  const off = founded(["a", "b"]);
  const on = { ...off, leaseReads: true };
  expect(earlierPledge([off], 50)).toBeNull();
  for (const configurations of [[on], [on, off], [off, on]])
    expect(earlierPledge(configurations, 50)).toEqual({ to: null, untilMs: 50 });
});
