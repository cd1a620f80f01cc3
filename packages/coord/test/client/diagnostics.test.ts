import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { FlotillaError } from "@flotilla/runtime";
import type { DiagnosticChannel, Publish } from "@flotilla/runtime";
import { realClientHost } from "@flotilla/runtime/real/client";
import { expect, test } from "vitest";
import { World } from "../recipes/world.ts";

/** What a client tells, in order. */
function notes(): { readonly publish: Publish; readonly of: (channel: DiagnosticChannel) => unknown[] } {
  const told: [DiagnosticChannel, unknown][] = [];
  return {
    publish: (channel, message) => void told.push([channel, message]),
    of: (channel) => told.filter(([name]) => name === channel).map(([, message]) => message),
  };
}

test("a session tells its states, with the member at hand", async () => {
  const world = await World.start(3);
  const { publish, of } = notes();
  const client = await world.client({}, { publish });
  const { id: session } = client.session;
  expect(of("session")).toEqual([{ session, state: "connected", server: client.session.server }]);
  world.isolate(client);
  await world.pass(1_500);
  world.heal(client);
  await world.pass(3_000);
  await world.until(client.coord.close());
  const states = of("session").map((message) => (message as { state: string }).state);
  expect(states).toEqual(["connected", "suspended", "connected", "closed"]);
});

test("what is held is told when it is granted, and how it ends, within a namespace too", async () => {
  const world = await World.start(3);
  const { publish, of } = notes();
  const client = await world.client({}, { publish });
  const { id: session } = client.session;
  const inner = await world.until(client.coord.namespace("/shop"));
  const lock = await world.until(inner.lock("stock").acquire());
  const leadership = await world.until(client.coord.election("x").campaign());
  expect(of("held")).toEqual([
    { session, path: "/lock/stock", epoch: lock.epoch },
    { session, path: "/election/x", epoch: leadership.epoch },
  ]);
  await world.until(lock.release());
  expect(of("released")).toEqual([{ session, path: "/lock/stock", epoch: lock.epoch }]);
  await world.lapse(client);
  const { reason } = leadership.signal as { reason: unknown };
  expect(FlotillaError.is(reason, "ERR_FLOTILLA_LOST")).toBe(true);
  expect(of("lost")).toEqual([{ session, path: "/election/x", epoch: leadership.epoch, error: reason }]);
  expect(of("released")).toHaveLength(1);
});

test("in reality it goes to diagnostics_channel", () => {
  const heard: unknown[] = [];
  const listener = (message: unknown): void => void heard.push(message);
  const message = { session: "s", path: "/lock/a", epoch: 1 };
  subscribe("flotilla:held", listener);
  try {
    realClientHost().publish?.("held", message);
    realClientHost().publish?.("lost", message);
  } finally {
    unsubscribe("flotilla:held", listener);
  }
  realClientHost().publish?.("held", message);
  expect(heard).toEqual([message]);
});
