import { expect, test } from "vitest";
import { defaultLimits, reservedLimits } from "../../src/core/options.ts";
import { Meter } from "../../src/node/meter.ts";
import { Proposals } from "../../src/node/proposals.ts";
import { Counter } from "./counter.ts";

const payload = new Uint8Array(1);

test("a proposal resolves when its entry is applied in its term", async () => {
  const proposals = new Proposals(new Meter({ now: () => 0 }));
  const outcome = proposals.add(payload, null);
  proposals.takeEvents();
  proposals.placed({ firstId: 1, count: 1, firstIndex: 7, term: 2 });
  proposals.applied({ index: 7, term: 2 }, "done");
  expect(await outcome).toEqual({ index: 7, term: 2, result: "done" });
});

test("a proposal whose place went to a newer leader is dropped", async () => {
  const proposals = new Proposals(new Meter({ now: () => 0 }));
  const outcome = proposals.add(payload, null);
  proposals.takeEvents();
  proposals.placed({ firstId: 1, count: 1, firstIndex: 7, term: 2 });
  proposals.applied({ index: 7, term: 3 }, "other");
  await expect(outcome).rejects.toMatchObject({ code: "ERR_FLOTILLA_DROPPED" });
});

test("a proposal placed beyond the end of its term is dropped once a later term is applied", async () => {
  const proposals = new Proposals(new Meter({ now: () => 0 }));
  const outcome = proposals.add(payload, null);
  proposals.takeEvents();
  proposals.placed({ firstId: 1, count: 1, firstIndex: 9, term: 2 });
  proposals.applied({ index: 7, term: 3 }, "other");
  proposals.termApplied(3);
  await expect(outcome).rejects.toMatchObject({ code: "ERR_FLOTILLA_DROPPED" });
});

test("word of its place may come after the entry was applied", async () => {
  const proposals = new Proposals(new Meter({ now: () => 0 }));
  const own = proposals.add(payload, null);
  const other = proposals.add(payload, null);
  proposals.takeEvents();
  proposals.applied({ index: 7, term: 2 }, "first");
  proposals.applied({ index: 8, term: 3 }, "second");
  proposals.placed({ firstId: 1, count: 2, firstIndex: 7, term: 2 });
  expect(await own).toEqual({ index: 7, term: 2, result: "first" });
  await expect(other).rejects.toMatchObject({ code: "ERR_FLOTILLA_DROPPED" });
});

test("a snapshot in its place leaves the outcome unknown", async () => {
  const proposals = new Proposals(new Meter({ now: () => 0 }));
  const before = proposals.add(payload, null);
  const after = proposals.add(payload, null);
  proposals.takeEvents();
  proposals.placed({ firstId: 1, count: 1, firstIndex: 7, term: 2 });
  proposals.passedOver({ index: 9, term: 2 });
  proposals.placed({ firstId: 2, count: 1, firstIndex: 8, term: 2 });
  for (const outcome of [before, after]) {
    await expect(outcome).rejects.toMatchObject({ code: "ERR_FLOTILLA_UNKNOWN_OUTCOME", ambiguous: true });
  }
});

test("a snapshot of a later term drops what was placed behind it, before or after, and leaves its own term's", async () => {
  const proposals = new Proposals(new Meter({ now: () => 0 }));
  const [before, own, after] = [1, 2, 3].map(() => proposals.add(payload, null));
  proposals.takeEvents();
  proposals.placed({ firstId: 1, count: 1, firstIndex: 11, term: 2 });
  proposals.placed({ firstId: 2, count: 1, firstIndex: 11, term: 3 });
  proposals.passedOver({ index: 5, term: 3 });
  proposals.placed({ firstId: 3, count: 1, firstIndex: 12, term: 2 });
  for (const outcome of [before, after])
    await expect(outcome).rejects.toMatchObject({ code: "ERR_FLOTILLA_DROPPED" });
  expect(proposals.size).toBe(1);
  proposals.applied({ index: 11, term: 3 }, "done");
  expect(await own).toEqual({ index: 11, term: 3, result: "done" });
});

test.each([
  ["leader", 100],
  ["follower", 40],
] as const)("what waits on a %s for its turn is bounded by %i bytes, from the options", (role, most) => {
  const proposals = new Proposals(new Meter({ now: () => 0 }));
  const limits = {
    ...defaultLimits,
    maxUncommittedBytes: 100,
    maxForwardedBytes: 40,
    maxUncommittedEntries: 3,
    maxPendingProposals: 4,
  };
  const stateMachine = new Counter();
  const codeFor = (bytes: number) =>
    proposals.refusal(
      new Uint8Array(bytes),
      { maxProposalBytes: 1000, stateMachine, limits, reservedLimits: reservedLimits(limits) },
      { role, admits: () => true },
    )?.code;
  expect(codeFor(999)).toBe(undefined);
  expect(codeFor(1001)).toBe("ERR_FLOTILLA_TOO_LARGE");
  proposals.add(new Uint8Array(20), null).catch(() => {});
  expect([codeFor(most - 20), codeFor(most - 19)]).toEqual([undefined, "ERR_FLOTILLA_OVERLOADED"]);
  proposals.add(payload, null).catch(() => {});
  proposals.add(payload, null).catch(() => {});
  expect(codeFor(1)).toBe("ERR_FLOTILLA_OVERLOADED");
  proposals.takeEvents();
  expect(codeFor(1)).toBe(undefined);
  proposals.placed({ firstId: 1, count: 3, firstIndex: 7, term: 2 });
  proposals.add(payload, null).catch(() => {});
  proposals.takeEvents();
  expect(codeFor(1)).toBe("ERR_FLOTILLA_OVERLOADED");
  proposals.applied({ index: 7, term: 2 }, null);
  expect(codeFor(1)).toBe(undefined);
});

test("what frees something is taken up where others are refused, an eighth beyond each bound", () => {
  const limits = {
    ...defaultLimits,
    maxUncommittedBytes: 80,
    maxUncommittedEntries: 16,
    maxPendingProposals: 16,
  };
  const judges = { maxProposalBytes: 1000, stateMachine: new Counter(), limits };
  const core = { role: "leader", admits: () => true } as const;
  const refuses = (proposals: Proposals, bytes: number) =>
    [false, true].map((isReserved) => {
      const all = { ...judges, reservedLimits: reservedLimits(limits) };
      return proposals.refusal(new Uint8Array(bytes), all, core, isReserved)?.code;
    });
  const full = "ERR_FLOTILLA_OVERLOADED";
  const large = new Proposals(new Meter({ now: () => 0 }));
  large.add(new Uint8Array(79), null).catch(() => {});
  expect([1, 2, 11, 12].map((bytes) => refuses(large, bytes))).toEqual([
    [undefined, undefined],
    [full, undefined],
    [full, undefined],
    [full, full],
  ]);
  const many = new Proposals(new Meter({ now: () => 0 }));
  for (let k = 0; k < 16; k += 1) many.add(payload, null).catch(() => {});
  expect(refuses(many, 1)).toEqual([full, undefined]);
  for (let k = 0; k < 2; k += 1) many.add(payload, null, true).catch(() => {});
  expect(refuses(many, 1)).toEqual([full, full]);
  many.takeEvents();
  expect(refuses(many, 1)).toEqual([full, full]);
});

test("closing drops what was never sent and leaves the rest unknown", async () => {
  const proposals = new Proposals(new Meter({ now: () => 0 }));
  const sent = proposals.add(payload, null);
  proposals.takeEvents();
  const unsent = proposals.add(payload, null);
  proposals.close();
  await expect(sent).rejects.toMatchObject({ code: "ERR_FLOTILLA_UNKNOWN_OUTCOME" });
  await expect(unsent).rejects.toMatchObject({ code: "ERR_FLOTILLA_DROPPED" });
});

test("events keep the order, split by condition and by size", () => {
  const proposals = new Proposals(new Meter({ now: () => 0 }));
  const large = new Uint8Array(700_000);
  for (const [bytes, ifTerm] of [
    [payload, null],
    [payload, null],
    [payload, 4],
    [large, null],
    [large, null],
  ] as const) {
    proposals.add(bytes, ifTerm).catch(() => {});
  }
  expect(proposals.queuedCount).toBe(5);
  const events = proposals.takeEvents();
  expect(events.map(({ firstId, payloads, ifTerm }) => [firstId, payloads.length, ifTerm])).toEqual([
    [1, 2, null],
    [3, 1, 4],
    [4, 1, null],
    [5, 1, null],
  ]);
  expect(proposals.queuedCount).toBe(0);
  expect(proposals.takeEvents()).toEqual([]);
});
