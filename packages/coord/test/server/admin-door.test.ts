import { dialHandshake, FlotillaError, memoryChannelPair, silentLogger } from "@flotilla/runtime";
import type { Channel, ChannelHandler, Random } from "@flotilla/runtime";
import { expect, test } from "vitest";
import { AdminDoor } from "../../src/server/admin-door.ts";
import type { AdminDoorOptions, AdminService } from "../../src/server/admin-door.ts";
import { decodeAdminReply, encodeAdminRequest } from "../../src/wire/admin-codec.ts";
import type { AdminReply, AdminRequest } from "../../src/wire/admin-messages.ts";
import { adminProtocol } from "../../src/wire/admin-messages.ts";
import { FakeClock } from "./fake-clock.ts";

const random: Random = {
  u32: () => 7,
  below: () => 0,
  float: () => 0.5,
  bytes: (length) => new Uint8Array(length).fill(7),
};
const service: AdminService = {
  report: () => ({ type: "damaged", id: "a", cluster: "main", problem: "", advice: "" }),
  transfer: async () => "b",
  change: async () => 1,
  resign: async () => {},
  digests: () => [],
  leaseTimes: () => ({ times: [], next: null }),
  save: async () => [new Uint8Array([1]), new Uint8Array([2])].values(),
  resigned: () => {},
};
const maxOperators = 64;
const deaf: ChannelHandler = { message: () => {}, end: () => {} };

function openDoor(clock: FakeClock, options: Partial<AdminDoorOptions> = {}): AdminDoor {
  const defaults = { service, clock, random, logger: silentLogger, nodeId: "a", cluster: "main" };
  return new AdminDoor({ ...defaults, ...options });
}

/** Comes in, and asks one thing after the other. */
async function asker(
  door: AdminDoor,
  clock: FakeClock,
): Promise<(type: "describe" | "save" | "more") => Promise<AdminReply | undefined>> {
  const heard: AdminReply[] = [];
  const channel = await enter(door, clock, {
    message: (frame) => void heard.push(decodeAdminReply(frame)),
    end: () => {},
  });
  return async (type) => {
    const request: AdminRequest = { type };
    channel.send(encodeAdminRequest(request));
    await clock.settle();
    return heard.shift();
  };
}

/** A channel to the door, on which nothing was said yet. */
function knock(door: AdminDoor, clock: FakeClock): Channel {
  const [near, far] = memoryChannelPair((fn) => clock.defer(fn), {
    protocol: adminProtocol,
    maxFrameBytes: 1 << 20,
  });
  door.accept(far);
  return near;
}

/** Comes in, and asks nothing. */
async function enter(door: AdminDoor, clock: FakeClock, handler: ChannelHandler = deaf): Promise<Channel> {
  const channel = knock(door, clock);
  const versions = { min: 1, max: 1 };
  const entered = dialHandshake(channel, {
    clock,
    random,
    cluster: "main",
    versions,
    identity: "me",
    onReady: () => handler,
  });
  entered.catch((error: unknown) => {
    if (!FlotillaError.is(error)) throw error;
  });
  await clock.settle();
  return channel;
}

test("so many operators are let in, and the next one once another has left or stayed silent", async () => {
  const clock = new FakeClock();
  const door = openDoor(clock);
  const inside: Channel[] = [];
  for (let k = 0; k < maxOperators; k += 1) inside.push(await enter(door, clock));
  expect(inside.every(({ isOpen }) => isOpen)).toBe(true);
  expect((await enter(door, clock)).isOpen).toBe(false);
  inside[0]?.close();
  await clock.settle();
  expect((await enter(door, clock)).isOpen).toBe(true);
  await clock.advance(10_000);
  expect(inside.some(({ isOpen }) => isOpen)).toBe(false);
  expect((await enter(door, clock)).isOpen).toBe(true);
});

test("those who never introduce themselves keep nobody out for long", async () => {
  const clock = new FakeClock();
  const door = openDoor(clock);
  for (let k = 0; k < maxOperators; k += 1) knock(door, clock);
  expect((await enter(door, clock)).isOpen).toBe(false);
  await clock.advance(500);
  expect((await enter(door, clock)).isOpen).toBe(true);
});

test("a stranger who comes again and again is told of once", async () => {
  const clock = new FakeClock();
  const told: unknown[] = [];
  const logger = { ...silentLogger, warn: (fields: object) => void told.push(fields) };
  const door = openDoor(clock, { logger, secret: "a secret of theirs" });
  for (let k = 0; k < 5; k += 1) await enter(door, clock);
  expect(told).toEqual([
    {
      err: expect.objectContaining({ code: "ERR_FLOTILLA_WRONG_SECRET" }),
      remoteAddress: expect.any(String),
    },
  ]);
});

test("a backup comes a piece at a time, as it is asked for, and says where it ends", async () => {
  const clock = new FakeClock();
  const ask = await asker(openDoor(clock), clock);
  expect(await ask("more")).toMatchObject({ type: "error", code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  expect(await ask("save")).toEqual({ type: "piece", bytes: new Uint8Array([1]), last: false });
  expect(await ask("describe")).toMatchObject({ type: "report" });
  expect(await ask("more")).toEqual({ type: "piece", bytes: new Uint8Array([2]), last: false });
  expect(await ask("more")).toEqual({ type: "piece", bytes: new Uint8Array(0), last: true });
  expect(await ask("more")).toMatchObject({ type: "error", code: "ERR_FLOTILLA_BAD_ARGUMENT" });
});

test("two backups at a time are made, and the next once one is over or its operator has left", async () => {
  const clock = new FakeClock();
  const door = openDoor(clock);
  const first = await asker(door, clock);
  const second = await asker(door, clock);
  const third = await asker(door, clock);
  expect(await first("save")).toMatchObject({ type: "piece" });
  expect(await second("save")).toMatchObject({ type: "piece" });
  expect(await third("save")).toMatchObject({ type: "error", code: "ERR_FLOTILLA_OVERLOADED" });
  // Its own one is begun anew.
  expect(await second("save")).toMatchObject({ type: "piece" });
  for (let k = 0; k < 2; k += 1) await first("more");
  expect(await third("save")).toMatchObject({ type: "piece" });
  await clock.advance(59_000);
  await third("more");
  await clock.advance(1_000);
  const fourth = await asker(door, clock);
  expect(await fourth("save")).toMatchObject({ type: "piece" });
});

test("a backup waits for whoever takes its time with a piece, but not for ever", async () => {
  const clock = new FakeClock();
  const ask = await asker(openDoor(clock), clock);
  expect(await ask("save")).toMatchObject({ type: "piece", last: false });
  await clock.advance(55_000);
  expect(await ask("more")).toMatchObject({ type: "piece", last: false });
  await clock.advance(55_000);
  expect(await ask("more")).toMatchObject({ type: "piece", last: true });
  // With nothing under way a channel is as silent as any.
  await clock.advance(11_000);
  expect(await ask("describe")).toBeUndefined();
  const other = await asker(openDoor(clock), clock);
  expect(await other("save")).toMatchObject({ type: "piece", last: false });
  await clock.advance(61_000);
  expect(await other("more")).toBeUndefined();
});
