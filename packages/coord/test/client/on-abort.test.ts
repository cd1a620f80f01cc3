import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { onAbort } from "../../src/on-abort.ts";
import { listen } from "../../src/recipes/bounded.ts";
import { errorOf, FakeCluster } from "./fake-cluster.ts";

function count(signal: AbortSignal): number {
  return getEventListeners(signal, "abort").length;
}

test("any number of calls, watches and waits listen to a signal once, and leave nothing behind", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  const { signal } = new AbortController();
  const watches = await cluster.until(
    Promise.all(Array.from({ length: 20 }, () => session.watch("/a", { signal }))),
  );
  const calls = Promise.all(Array.from({ length: 20 }, () => session.get("/a", { signal })));
  const stops = Array.from({ length: 20 }, () => listen(signal, () => {}));
  expect(count(signal)).toBe(1);
  await cluster.until(calls);
  await Promise.all(watches.map((watch) => watch.close()));
  for (const stop of stops) {
    expect(count(signal)).toBe(1);
    stop();
  }
  expect(count(signal)).toBe(0);
});

test("all that wait are told once, in the order they came, unless they wait no more by then", () => {
  const controller = new AbortController();
  const { signal } = controller;
  const told: string[] = [];
  const stops = new Map<string, () => void>();
  for (const name of ["first", "second", "third", "fourth"]) {
    const tell = (): void => {
      told.push(name);
      if (name === "first") stops.get("third")?.();
    };
    stops.set(name, onAbort(signal, tell));
  }
  stops.get("second")?.();
  stops.set(
    "second",
    onAbort(signal, () => told.push("second")),
  );
  controller.abort();
  expect(told).toEqual(["first", "fourth", "second"]);
  for (const stop of stops.values()) stop();
  expect(count(signal)).toBe(0);
});

test("what one of them throws keeps nobody else waiting, and is not lost", () => {
  const listeners: (() => void)[] = [];
  const signal = { addEventListener: (_: string, listener: () => void) => listeners.push(listener) };
  const told: string[] = [];
  onAbort(signal as never, () => {
    throw new Error("of the first");
  });
  onAbort(signal as never, () => told.push("second"));
  expect(() => listeners[0]?.()).toThrow("of the first");
  expect(told).toEqual(["second"]);
});

test("every call with a signal that fires is told", async () => {
  const cluster = new FakeCluster();
  const session = await cluster.open();
  cluster.manners.read = false;
  const controller = new AbortController();
  const { signal } = controller;
  const calls = Array.from({ length: 20 }, () => errorOf(session.get("/a", { signal })));
  controller.abort(new Error("enough"));
  for (const error of await cluster.until(Promise.all(calls)))
    expect(error).toMatchObject({ code: "ERR_FLOTILLA_ABORTED", cause: new Error("enough") });
  expect(count(signal)).toBe(0);
});
