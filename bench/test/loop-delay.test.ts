import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { DelaySampler, isDelayRequest, isTimes } from "../src/embedded/loop-delay.ts";

test("a loop that stood still was late by as much, and only in the period in which it did", async () => {
  const sampler = new DelaySampler();
  expect(sampler.answer({ type: "delay-begin" })).toEqual({});
  await pause(20);
  const until = performance.now() + 50;
  while (performance.now() < until) continue;
  await pause(20);
  const times = sampler.answer({ type: "delay-end" });
  expect(isTimes(times) && times.maxMs > 40).toBe(true);
  expect(() => sampler.end()).toThrow("not measured");
});

test("requests and answers are told from others", () => {
  expect(isDelayRequest({ type: "delay-end" })).toBe(true);
  expect([isDelayRequest({ type: "role" }), isDelayRequest(null), isTimes({}), isTimes(null)]).not.toContain(
    true,
  );
});
