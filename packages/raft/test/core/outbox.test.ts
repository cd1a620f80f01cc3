import { expect, test } from "vitest";
import type { AppendReply } from "../../src/core/message.ts";
import { Outbox } from "../../src/core/outbox.ts";

const hard = { term: 3, vote: null };

function ack(match: number | null): AppendReply {
  return { type: "append-reply", term: 3, prevIndex: 0, match, hint: null };
}

test("one acknowledgement waits for each leader: it tells what became durable of what all of them would", () => {
  const outbox = new Outbox();
  const told = (durableIndex: number) =>
    outbox
      .release(hard, hard, durableIndex)
      .map(({ to, message }) => `${to} ${"match" in message ? message.match : "?"}`);
  for (const match of [3, 4, 2]) outbox.acknowledge("a", 3, 0, match, 0);
  outbox.acknowledge("b", 3, 0, 4, 0);
  expect(told(0)).toEqual([]);
  expect(told(2)).toEqual(["a 2", "b 2"]);
  expect(outbox.hasRelease(hard, 2)).toBe(false);
  outbox.acknowledge("a", 3, 4, 6, 2);
  expect(told(2)).toEqual([]);
  expect(told(4)).toEqual(["a 4", "b 4"]);
  expect(outbox.hasRelease(hard, 5)).toBe(true);
  expect(told(6)).toEqual(["a 6"]);
  expect(outbox.hasRelease(hard, 9)).toBe(false);
});

test("a leader that asks again about what is durable hears it again, whatever else it waits for", () => {
  const outbox = new Outbox();
  outbox.acknowledge("a", 3, 0, 9, 5);
  expect(outbox.release(hard, hard, 5)).toEqual([]);
  outbox.acknowledge("a", 3, 4, 4, 5);
  expect(outbox.release(hard, hard, 5)).toEqual([{ to: "a", message: { ...ack(5), prevIndex: 0 } }]);
  expect(outbox.hasRelease(hard, 5)).toBe(false);
  expect(outbox.release(hard, hard, 9)).toEqual([{ to: "a", message: ack(9) }]);
});

test("what became durable in the turn of the next append is told, and names no entry beyond", () => {
  const outbox = new Outbox();
  outbox.acknowledge("a", 3, 0, 5, 2);
  outbox.acknowledge("a", 3, 5, 8, 4);
  expect(outbox.release(hard, hard, 4)).toEqual([{ to: "a", message: { ...ack(4), prevIndex: 4 } }]);
});

test("an acknowledgement waits for its term, and ends with it or with the link", () => {
  const outbox = new Outbox();
  const before = { term: 2, vote: null };
  outbox.acknowledge("a", 3, 0, 7, 9);
  outbox.acknowledge("b", 3, 0, 7, 9);
  expect(outbox.hasRelease(before, 9)).toBe(false);
  expect(outbox.release(hard, before, 9)).toEqual([]);
  outbox.forget("b");
  expect(outbox.release(hard, hard, 9)).toEqual([{ to: "a", message: ack(7) }]);
  outbox.acknowledge("a", 3, 0, 7, 0);
  expect(outbox.release({ term: 4, vote: null }, hard, 7)).toEqual([]);
  expect(outbox.hasRelease(hard, 7)).toBe(false);
});

test("of what waits for a disk that hangs, the newest of each kind to each receiver is kept", () => {
  const outbox = new Outbox();
  for (let k = 1; k <= 10_000; k += 1) {
    for (const to of ["a", "b"]) {
      outbox.sendWhenDurable(to, { ...ack(null), prevIndex: k }, { term: 3, vote: null, index: 0 });
      const reply = { type: "pre-vote-reply", term: 3, granted: false } as const;
      outbox.sendWhenDurable(to, reply, { term: 3, vote: null, index: 0 });
    }
  }
  const released = outbox.release(hard, hard, 0);
  expect(released.length).toBeLessThan(200);
  expect(released.slice(-4).map(({ to, message }) => `${to} ${message.type}`)).toEqual([
    "a append-reply",
    "a pre-vote-reply",
    "b append-reply",
    "b pre-vote-reply",
  ]);
  expect(released.at(-4)?.message).toMatchObject({ prevIndex: 10_000 });
});

test("a promise leaves once term, vote and log are durable, and ends with its term", () => {
  const outbox = new Outbox();
  outbox.sendWhenDurable("a", ack(7), { term: 3, vote: null, index: 7 });
  outbox.sendWhenDurable("b", ack(0), { term: 3, vote: "b", index: 0 });
  expect(outbox.release(hard, { term: 2, vote: "b" }, 9)).toEqual([]);
  expect(outbox.release(hard, { term: 3, vote: "c" }, 6)).toEqual([]);
  expect(outbox.hasRelease({ term: 3, vote: "b" }, 6)).toBe(true);
  expect(outbox.release(hard, { term: 3, vote: "b" }, 6)).toEqual([{ to: "b", message: ack(0) }]);
  expect(outbox.hasRelease(hard, 6)).toBe(false);
  expect(outbox.release({ term: 4, vote: null }, hard, 7)).toEqual([]);
  expect(outbox.hasRelease(hard, 7)).toBe(false);
});
