import { expect, test } from "vitest";
import type { Message } from "../../src/core/message.ts";
import { Outbox } from "../../src/core/outbox.ts";

const hard = { term: 3, vote: null };

function ack(match: number | null): Message {
  return { type: "append-reply", term: 3, prevIndex: 0, match, hint: null };
}

test("an acknowledgement takes the place of earlier, smaller ones to the same leader, never of a larger one", () => {
  const outbox = new Outbox();
  for (const match of [1, 4, null, 2]) outbox.send("a", ack(match));
  outbox.send("b", ack(1));
  expect(outbox.release(hard, hard, 0)).toEqual([
    { to: "a", message: ack(4) },
    { to: "a", message: ack(null) },
    { to: "a", message: ack(2) },
    { to: "b", message: ack(1) },
  ]);
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
