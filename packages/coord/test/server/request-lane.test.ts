import { FlotillaError } from "@flotilla/runtime";
import { expect, test } from "vitest";
import { RequestLane } from "../../src/server/request-lane.ts";
import { FakeClock } from "./fake-clock.ts";

interface Proposal {
  readonly reject: (error: Error) => void;
}

function makeLane(): { lane: RequestLane; clock: FakeClock; proposals: Proposal[]; resends: number[] } {
  const clock = new FakeClock();
  const proposals: Proposal[] = [];
  const resends: number[] = [];
  const lane = new RequestLane({
    clock,
    raft: {
      propose: () => new Promise((_, reject) => proposals.push({ reject })),
      status: () => ({ leader: "n1" }) as never,
    },
    session: "0".repeat(32),
    attach: 1,
    lastSeq: () => 0,
    sendResult: () => {},
    sendResend: (from) => resends.push(from),
    refuse: (error) => {
      throw error;
    },
    probe: () => {},
  });
  return { lane, clock, proposals, resends };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("asks for a resend when the last of several lost proposals is given up after the pause", async () => {
  const { lane, clock, proposals, resends } = makeLane();
  for (const seq of [1, 2]) {
    lane.accept({
      type: "request",
      seq,
      ack: 0,
      operation: {
        type: "create",
        path: `/n${seq}`,
        value: new Uint8Array(),
        lease: null,
        sequential: false,
        guarded: false,
      },
    });
  }
  const unknown = new FlotillaError(
    "ERR_FLOTILLA_UNKNOWN_OUTCOME",
    "the leader that took it is out of sight",
  );
  proposals[0]?.reject(unknown);
  await settled();
  await clock.advance(1000);
  expect(resends).toEqual([]);
  proposals[1]?.reject(unknown);
  await settled();
  expect(resends).toEqual([1]);
});
