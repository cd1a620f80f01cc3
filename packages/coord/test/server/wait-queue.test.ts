import { expect, test } from "vitest";
import { Loop } from "./loop.ts";

test("what is quick runs at once, however much of it there is", () => {
  const loop = new Loop();
  const queue = loop.queue();
  for (let k = 0; k < 1_000; k += 1) queue.add(0, 0, false, loop.answer(String(k), 0));
  expect(loop.ran).toHaveLength(1_000);
  expect(queue.size).toBe(0);
});

test("what takes long leaves the turn to others, and goes on in order", () => {
  const loop = new Loop();
  const queue = loop.queue();
  const confirms = ["a", "b", "c", "d", "e"].map((name) => queue.add(0, 0, true, loop.answer(name, 1.5)));
  for (const waiting of confirms) waiting.confirm();
  expect(loop.ran).toEqual(["a", "b"]);
  expect(queue.size).toBe(3);
  queue.add(0, 0, false, loop.answer("f", 0));
  expect(loop.ran).toHaveLength(2);
  expect(loop.turn()).toEqual(["c", "d"]);
  expect(loop.turn()).toEqual(["e", "f"]);
  expect(queue.size).toBe(0);
  loop.turn();
  expect(loop.isIdle).toBe(true);
});

test("one that asks for very much keeps nobody else waiting for ever", () => {
  const loop = new Loop();
  const [greedy, modest] = [loop.queue(), loop.queue()];
  for (let k = 0; k < 100; k += 1) greedy.add(0, 0, false, loop.answer("greedy", 5));
  for (let k = 0; k < 3; k += 1) modest.add(0, 0, false, loop.answer("modest", 0));
  const turns = [loop.turn(), loop.turn(), loop.turn()];
  for (const ran of turns) expect(ran).toContain("modest");
  expect(greedy.size).toBe(96);
  expect(modest.size).toBe(0);
});

test("a write that is applied lets out what waited for it, behind what is late", () => {
  const loop = new Loop();
  const queue = loop.queue();
  queue.add(0, 0, false, loop.answer("a", 5));
  queue.add(0, 0, false, loop.answer("b", 5));
  queue.add(7, 0, false, loop.answer("c", 0));
  queue.applied(6);
  queue.applied(7);
  expect(loop.ran).toEqual(["a"]);
  while (!loop.isIdle) loop.turn();
  expect(loop.ran).toEqual(["a", "b", "c"]);
});

test("what is dropped never runs, and keeps no place", () => {
  const loop = new Loop();
  const queue = loop.queue();
  const [early, late, last] = ["early", "late", "last"].map((name) =>
    queue.add(1, 0, true, loop.answer(name, 5)),
  );
  const unconfirmed = queue.add(0, 0, true, loop.answer("unconfirmed", 0));
  early?.drop();
  unconfirmed.drop();
  unconfirmed.confirm();
  expect(queue.size).toBe(2);
  queue.applied(1);
  last?.confirm();
  late?.confirm();
  late?.drop();
  late?.drop();
  expect(queue.size).toBe(0);
  while (!loop.isIdle) loop.turn();
  expect(loop.ran).toEqual(["last"]);
});
