import { dialHandshake, FlotillaError, memoryChannelPair, silentLogger } from "@flotilla/runtime";
import type { Channel, Random } from "@flotilla/runtime";
import { expect, test } from "vitest";
import { AdminDoor } from "../../src/server/admin-door.ts";
import type { AdminService } from "../../src/server/admin-door.ts";
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
  resigned: () => {},
};
const maxOperators = 64;
const onReady = () => ({ message: () => {}, end: () => {} });

function openDoor(clock: FakeClock): AdminDoor {
  return new AdminDoor({ service, clock, random, logger: silentLogger, nodeId: "a", cluster: "main" });
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
async function enter(door: AdminDoor, clock: FakeClock): Promise<Channel> {
  const channel = knock(door, clock);
  const versions = { min: 1, max: 1 };
  const entered = dialHandshake(channel, {
    clock,
    random,
    cluster: "main",
    versions,
    identity: "me",
    onReady,
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
