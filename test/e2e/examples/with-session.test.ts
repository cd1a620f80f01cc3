import type { Coord } from "@flotilla/coord";
import { FlotillaError } from "@flotilla/coord";
import { expect, test } from "vitest";
import { withSession } from "../../../examples/support/with-session.mjs";

/** A member whose sessions are opened one after the other: an error is why one is not. */
function memberOf(...opened: readonly (FlotillaError | null)[]) {
  const left = [...opened];
  const closed: number[] = [];
  return {
    closed,
    connect: async (): Promise<Coord> => {
      const error = left.shift() ?? null;
      if (error !== null) throw error;
      const number = opened.length - left.length;
      return { number, close: async () => void closed.push(number) } as unknown as Coord;
    },
  };
}

const noMajority = new FlotillaError("ERR_FLOTILLA_NO_QUORUM", "nobody leads");
const expired = new FlotillaError("ERR_FLOTILLA_SESSION_EXPIRED", "it expired");

test("work goes on after there was no majority, and after its session was lost", async () => {
  const node = memberOf(noMajority, null, null, null);
  const stop = new AbortController();
  const failures = [expired, noMajority];
  let done = 0;
  const work = async (): Promise<void> => {
    done += 1;
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    stop.abort();
  };
  await withSession(node, work, stop.signal);
  expect(done).toBe(3);
  expect(node.closed).toEqual([2, 3, 4]);
});

test("what does not pass ends it, with its session closed", async () => {
  const node = memberOf(null);
  const bug = new Error("a bug");
  const work = (): Promise<void> => Promise.reject(bug);
  await expect(withSession(node, work, new AbortController().signal)).rejects.toBe(bug);
  expect(node.closed).toEqual([1]);
});
