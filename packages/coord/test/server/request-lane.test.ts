import { FlotillaError } from "@flotilla/runtime";
import { expect, test } from "vitest";
import type { RequestMessage } from "../../src/wire/messages.ts";
import { RequestLane } from "../../src/server/request-lane.ts";
import { FakeClock } from "./fake-clock.ts";

interface Proposal {
  readonly isReserved: boolean | undefined;
  readonly reject: (error: Error) => void;
}

interface Made {
  readonly lane: RequestLane;
  readonly clock: FakeClock;
  readonly proposals: Proposal[];
  readonly resends: number[];
  readonly results: number[];
  /** The state machine. */
  readonly state: { lastSeq: number };
}

function write(seq: number): RequestMessage {
  const path = `/n${seq}`;
  const value = new Uint8Array();
  const operation = { type: "create", path, value, lease: null, sequential: false, guarded: false } as const;
  return { type: "request", seq, ack: 0, operation };
}

function makeLane(): Made {
  const results: number[] = [];
  const state = { lastSeq: 0 };
  const clock = new FakeClock();
  const proposals: Proposal[] = [];
  const resends: number[] = [];
  const lane = new RequestLane({
    clock,
    raft: {
      propose: (_payload, options) =>
        new Promise((_, reject) => proposals.push({ isReserved: options?.isReserved, reject })),
      status: () => ({ leader: "n1" }) as never,
    },
    session: "0".repeat(32),
    attach: 1,
    lastSeq: () => state.lastSeq,
    featureLevel: () => 1,
    sendResult: (seq) => results.push(seq),
    sendResend: (from) => resends.push(from),
    refuse: (error) => {
      throw error;
    },
    probe: () => {},
  });
  return { lane, clock, proposals, resends, results, state };
}

const unknown = new FlotillaError("ERR_FLOTILLA_UNKNOWN_OUTCOME", "the leader that took it is out of sight");

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("asks for a resend when the last of several lost proposals is given up after the pause", async () => {
  const { lane, clock, proposals, resends } = makeLane();
  for (const seq of [1, 2]) lane.accept(write(seq));
  proposals[0]?.reject(unknown);
  await settled();
  await clock.advance(1000);
  expect(resends).toEqual([]);
  proposals[1]?.reject(unknown);
  await settled();
  expect(resends).toEqual([1]);
});

test("lets the next write through when one of unknown fate is applied after the client was told to send it again", async () => {
  const { lane, clock, proposals, resends, results, state } = makeLane();
  lane.accept(write(1));
  proposals[0]?.reject(unknown);
  await settled();
  await clock.advance(1000);
  expect(resends).toEqual([1]);
  state.lastSeq = 1;
  lane.answered(1, new Uint8Array());
  // It has its answer: the client goes on with the next.
  lane.accept(write(2));
  expect(proposals.length).toBe(2);
  // One that was sent again meanwhile is left out.
  lane.accept(write(1));
  expect(proposals.length).toBe(2);
  expect(results).toEqual([1]);
});

test("what frees something has its share of the bounds, unless writes before it may yet be refused", async () => {
  const { lane, proposals } = makeLane();
  const { type, ack } = write(1);
  const remove = { type: "delete", path: "/n", if: {}, force: false } as const;
  lane.accept({ type, ack, seq: 1, operation: remove });
  lane.accept({ type, ack, seq: 2, operation: { type: "close" } });
  lane.accept(write(3));
  expect(proposals.map(({ isReserved }) => isReserved)).toEqual([true, false, false]);
});
