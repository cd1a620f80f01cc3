import { setImmediate as turnOfLoop } from "node:timers/promises";
import { beforeEach, expect, test } from "vitest";
import { relay } from "../src/run/relay.ts";

interface Job {
  readonly passOn: () => void;
  readonly end: (result: string) => void;
  readonly fail: (error: Error) => void;
}

let jobs: Job[] = [];

beforeEach(() => {
  jobs = [];
});

function work(_: number, passOn: () => void): Promise<string> {
  return new Promise((resolve, reject) => {
    jobs.push({ passOn, end: resolve, fail: reject });
  });
}

/** So many have begun by now. */
async function begun(): Promise<number> {
  await turnOfLoop();
  return jobs.length;
}

test("the next one begins when the one before passes on, two at a time, and results come in order", async () => {
  const results = relay([1, 2, 3], work);
  const first = results.next();
  expect(await begun()).toBe(1);
  jobs[0]?.passOn();
  expect(await begun()).toBe(2);
  jobs[1]?.passOn();
  jobs[1]?.end("second");
  expect(await begun(), "the first one has not ended").toBe(2);
  jobs[0]?.end("first");
  expect(await first).toEqual({ done: false, value: "first" });
  const second = results.next();
  expect(await second).toEqual({ done: false, value: "second" });
  expect(await begun()).toBe(3);
  const third = results.next();
  jobs[2]?.end("third");
  expect(await third).toEqual({ done: false, value: "third" });
  expect(await results.next()).toEqual({ done: true, value: undefined });
});

test("one that ends without passing on lets the next one begin", async () => {
  const results = relay([1, 2], work);
  const first = results.next();
  expect(await begun()).toBe(1);
  jobs[0]?.end("first");
  expect(await begun()).toBe(2);
  expect(await first).toEqual({ done: false, value: "first" });
});

test("one that fails is told in its turn", async () => {
  const results = relay([1, 2], work);
  const first = results.next();
  jobs[0]?.passOn();
  expect(await begun()).toBe(2);
  jobs[1]?.fail(new Error("two"));
  jobs[0]?.end("first");
  expect(await first).toEqual({ done: false, value: "first" });
  await expect(results.next()).rejects.toThrow("two");
});
