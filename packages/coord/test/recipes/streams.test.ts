import { expect, test } from "vitest";
import { rejection, World } from "./world.ts";
import type { Client } from "./world.ts";
import type { StandardSchema } from "../../src/client/schema.ts";

interface Ended {
  readonly signal?: AbortSignal;
}
type Open = (client: Client, options?: Ended) => AsyncIterable<unknown>;

const anything: StandardSchema = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) },
};

const streams: Readonly<Record<string, Open>> = {
  "election observe": ({ coord }, options) => coord.election("x").observe(options),
  "group watch": ({ coord }, options) => coord.group("x").watch(options),
  "registry watch": ({ coord }, options) => coord.registry.watch("x", options),
  "config watch": ({ coord }, options) => coord.config("x", { schema: anything }).watch(options),
  "shards observe": ({ coord }, options) => coord.shards("x", { count: 2 }).observe(options),
  "session states": ({ session }, options) => session.states(options),
};

test.each(Object.entries(streams))("%s ends with a return, also while a next waits", async (name, open) => {
  const world = await World.start();
  const client = await world.client();
  await world.until(client.coord.config("x", { schema: anything }).set(1));
  const stream = open(client)[Symbol.asyncIterator]();
  expect((await world.until(stream.next())).done, name).toBe(false);
  const waiting = stream.next();
  await world.pass(100);
  const returned = stream.return?.();
  const ends = await world.until(Promise.all([waiting, returned]), 1_000);
  expect(ends.map((end) => end?.done)).toEqual([true, true]);
  expect((await world.until(stream.next())).done).toBe(true);
  const unread = open(client)[Symbol.asyncIterator]();
  expect((await world.until(Promise.resolve(unread.return?.())))?.done).toBe(true);
  expect((await world.until(unread.next())).done).toBe(true);
});

test.each(Object.entries(streams))("%s refuses a signal that is none", async (_, open) => {
  const world = await World.start();
  const client = await world.client();
  // A caller without types may hand over anything.
  const signal: AbortSignal = JSON.parse("{}");
  const refused = rejection(open(client, { signal })[Symbol.asyncIterator]().next());
  expect(await world.until(refused)).toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
});
