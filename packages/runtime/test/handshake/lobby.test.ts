import { Lobby, memoryChannelPair } from "@flotilla/runtime";
import type { Channel } from "@flotilla/runtime";
import { expect, test } from "vitest";

let nowMs = 0;
const clock = { now: () => nowMs };

function stranger(): Channel {
  return memoryChannelPair((fn) => fn(), { protocol: "test-1", maxFrameBytes: 1_000 })[1];
}

test("strangers above the number are turned away while the others are new", () => {
  const lobby = new Lobby(clock, 2);
  const [first, second, third] = [stranger(), stranger(), stranger()];
  expect([first, second, third].map((each) => lobby.enter(each))).toEqual([true, true, false]);
  expect(first.isOpen && second.isOpen).toBe(true);
});

test("one who introduced himself leaves a place", () => {
  const lobby = new Lobby(clock, 1);
  const first = stranger();
  lobby.enter(first);
  lobby.leave(first);
  expect(lobby.enter(stranger())).toBe(true);
  expect(first.isOpen).toBe(true);
});

test("the one who waited longest makes room after its time of grace, and nobody else does", () => {
  const lobby = new Lobby(clock, 2);
  const [first, second, third, fourth] = [stranger(), stranger(), stranger(), stranger()];
  lobby.enter(first);
  nowMs += 400;
  lobby.enter(second);
  nowMs += 100;
  expect(lobby.enter(third)).toBe(true);
  expect([first, second, third].map(({ isOpen }) => isOpen)).toEqual([false, true, true]);
  expect(lobby.enter(fourth)).toBe(false);
  expect(second.isOpen).toBe(true);
});
