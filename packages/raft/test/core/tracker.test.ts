import fc from "fast-check";
import { expect, test } from "vitest";
import { defaultLimits } from "../../src/core/options.ts";
import { Inflights } from "../../src/core/tracker/inflights.ts";
import { Progress } from "../../src/core/tracker/progress.ts";

test("in-flight messages behave like a plain list", () => {
  const action = fc.oneof(
    fc.record({ type: fc.constant("add" as const), gap: fc.nat(3), bytes: fc.nat(50) }),
    fc.record({ type: fc.constant("freeTo" as const), offset: fc.integer({ min: -3, max: 12 }) }),
    fc.constant({ type: "freeFirst" as const }),
    fc.constant({ type: "clear" as const }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
      const inflights = new Inflights(8, 150);
      let list: { last: number; bytes: number }[] = [];
      let last = 0;
      for (const item of actions) {
        if (item.type === "add") {
          last += 1 + item.gap;
          inflights.add(last, item.bytes);
          list.push({ last, bytes: item.bytes });
        } else if (item.type === "freeTo") {
          const index = (list[0]?.last ?? 0) + item.offset;
          inflights.freeTo(index);
          list = list.filter((flight) => flight.last > index);
        } else if (item.type === "freeFirst") {
          inflights.freeFirst();
          list.shift();
        } else {
          inflights.clear();
          list = [];
        }
        const bytes = list.reduce((sum, flight) => sum + flight.bytes, 0);
        expect([inflights.count, inflights.bytes]).toEqual([list.length, bytes]);
        expect(inflights.full).toBe(list.length >= 8 || bytes >= 150);
      }
    }),
  );
});

function replicating(match: number): Progress {
  const progress = new Progress("", match + 1, 0, { ...defaultLimits, inflightMessages: 2 });
  progress.sent(match, 0, 0);
  progress.acknowledged(match, 0);
  return progress;
}

test("a peer whose log is unknown is asked one question at a time", () => {
  const progress = new Progress("", 8, 0, defaultLimits);
  expect(progress).toMatchObject({ state: "probe", match: 0, next: 8, blocked: false });
  progress.sent(9, 100, 3);
  expect(progress.blocked).toBe(true);
  progress.reopen(9);
  expect(progress.blocked).toBe(false);
});

test("an answered question starts the stream after what the peer holds", () => {
  const progress = new Progress("", 8, 0, defaultLimits);
  progress.sent(9, 100, 3);
  progress.acknowledged(9, 0);
  expect(progress).toMatchObject({ state: "replicate", match: 9, next: 10, blocked: false });
});

test("a full window stops the stream until an acknowledgement frees it", () => {
  const progress = replicating(4);
  progress.sent(5, 1, 0);
  progress.sent(6, 1, 0);
  expect(progress.blocked).toBe(true);
  progress.acknowledged(5, 0);
  expect(progress).toMatchObject({ blocked: false, match: 5, next: 7 });
});

test("a heartbeat answer opens a full window by one, because what fills it may be lost", () => {
  const progress = replicating(4);
  progress.sent(5, 1, 0);
  progress.sent(6, 1, 0);
  progress.reopen(6);
  expect(progress.inflights.count).toBe(1);
  expect(progress.isDue(6, 0, 0)).toBe(true);
});

test("a refusal in the stream goes back to questions after what the peer shares", () => {
  const progress = replicating(4);
  progress.sent(7, 1, 0);
  progress.refused(7, 5);
  expect(progress).toMatchObject({ state: "probe", match: 4, next: 6 });
});

test("a late refusal, of something acknowledged since or of another question, changes nothing", () => {
  const stream = replicating(4);
  stream.refused(4, 2);
  stream.refused(3, 2);
  expect(stream).toMatchObject({ state: "replicate", next: 5 });
  const asking = new Progress("", 8, 0, defaultLimits);
  asking.sent(7, 0, 0);
  asking.refused(6, 2);
  expect(asking).toMatchObject({ state: "probe", next: 8, blocked: true });
});

test("an acknowledgement that comes twice or late never takes back what is known", () => {
  const progress = replicating(4);
  progress.sent(9, 1, 0);
  progress.acknowledged(9, 0);
  progress.acknowledged(6, 0);
  expect(progress).toMatchObject({ match: 9, next: 10 });
});

test("a snapshot under way stops appends, and its acknowledgement resumes them at once", () => {
  const progress = replicating(4);
  progress.becomeSnapshot(20);
  expect(progress.blocked).toBe(true);
  progress.refused(4, 0);
  progress.acknowledged(18, 19);
  expect(progress.state).toBe("snapshot");
  progress.acknowledged(20, 19);
  expect(progress).toMatchObject({ state: "replicate", match: 20, next: 21 });
});

test("after a snapshot that arrived the peer is asked about what follows it", () => {
  const progress = replicating(4);
  progress.becomeSnapshot(20);
  progress.snapshotSent(true);
  expect(progress).toMatchObject({ state: "probe", next: 21, blocked: true });
});

test("a failed snapshot waits for a sign of life before it is tried again", () => {
  const progress = replicating(4);
  progress.becomeSnapshot(20);
  progress.snapshotSent(false);
  expect(progress).toMatchObject({ state: "probe", next: 5, blocked: true });
  progress.reopen(30);
  expect(progress.blocked).toBe(false);
});
