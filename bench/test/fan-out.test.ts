import { expect, test } from "vitest";
import { Deliveries } from "../src/load/fan-out.ts";

test("a change is delivered once every watcher was told of it", async () => {
  const deliveries = new Deliveries(2);
  const value = new Uint8Array(8);
  let done = false;
  const last = deliveries.next(value).then(() => (done = true));
  deliveries.delivered(value);
  await Promise.resolve();
  expect(done).toBe(false);
  deliveries.delivered(value);
  await last;
});

test("an event without its value counts too", async () => {
  const deliveries = new Deliveries(1);
  const last = deliveries.next(new Uint8Array(4));
  deliveries.delivered(null);
  expect(await last).toBeGreaterThan(0);
});

test("what is told of another change, twice, or without bytes is an error; the node as it was made is nothing", () => {
  const deliveries = new Deliveries(1);
  const first = new Uint8Array(4);
  void deliveries.next(first);
  expect(() => deliveries.delivered(new Uint8Array())).toThrow("no value");
  deliveries.delivered(new Uint8Array(4));
  deliveries.delivered(first);
  expect(() => deliveries.delivered(first)).toThrow("twice");
  const old = Uint8Array.from(first);
  void deliveries.next(first);
  expect(() => deliveries.delivered(old)).toThrow("change 1 instead of 2");
});
