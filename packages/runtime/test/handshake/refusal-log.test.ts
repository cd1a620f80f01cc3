import { FlotillaError, RefusalLog } from "@flotilla/runtime";
import { expect, test } from "vitest";

const hourMs = 3_600_000;
const wrongSecret = new FlotillaError("ERR_FLOTILLA_WRONG_SECRET", "");
const wrongCluster = new FlotillaError("ERR_FLOTILLA_WRONG_CLUSTER", "");

function refusedWith(code: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_UNREACHABLE", "", { details: { refusedWith: code } });
}

function logAt(): { readonly log: RefusalLog; readonly pass: (ms: number) => void } {
  let nowMs = 0;
  return { log: new RefusalLog({ now: () => nowMs }), pass: (ms) => void (nowMs += ms) };
}

test("each reason is news once an hour for each, in whatever order they come", () => {
  const { log, pass } = logAt();
  const news = (who: string): boolean[] => [wrongSecret, wrongCluster].map((error) => log.isNews(who, error));
  expect(news("a")).toEqual([true, true]);
  expect(news("a")).toEqual([false, false]);
  expect(news("b")).toEqual([true, true]);
  pass(hourMs - 1);
  expect(news("a")).toEqual([false, false]);
  pass(1);
  expect(news("a")).toEqual([true, true]);
});

test("what the other side refused with is the reason, and what is no error of ours is one", () => {
  const { log } = logAt();
  expect(log.isNews("a", refusedWith("ERR_FLOTILLA_WIPED"))).toBe(true);
  expect(log.isNews("a", refusedWith("ERR_FLOTILLA_REMOVED"))).toBe(true);
  expect(log.isNews("a", refusedWith("ERR_FLOTILLA_WIPED"))).toBe(false);
  expect([new Error("x"), "y"].map((error) => log.isNews("a", error))).toEqual([true, false]);
});

test("after a success the same is news again", () => {
  const { log } = logAt();
  log.isNews("a", wrongSecret);
  log.forget("a");
  expect(log.isNews("a", wrongSecret)).toBe(true);
});

test("very many are told as one, until the others are forgotten", () => {
  const { log, pass } = logAt();
  const told = (): number =>
    Array.from({ length: 5_000 }, (_, k) => log.isNews(`host-${k}`, wrongSecret)).filter(Boolean).length;
  expect(told()).toBe(1_001);
  expect(told()).toBe(0);
  pass(hourMs);
  expect(told()).toBe(1_001);
});

test("of those who dial in the host counts and not the port, and nobody is mistaken for a member", () => {
  const { log } = logAt();
  const news = (...addresses: string[]): boolean[] =>
    addresses.map((address) => log.isNewsFrom(address, wrongSecret));
  expect(news("1.2.3.4:5", "1.2.3.4:6", "[::1]:5", "[::1]:6", "[::2]:5")).toEqual([
    true,
    false,
    true,
    false,
    true,
  ]);
  expect(news("in-process", "in-process")).toEqual([true, false]);
  expect(log.isNews("1.2.3.4", wrongSecret)).toBe(true);
});
