import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eventBeforeRead, watchComplete } from "../src/index.ts";
import type { CheckReport, CommittedEvent, DeliveredItem, SessionDelivery, WatchKind } from "../src/index.ts";
import { SeededRandom } from "./_support/random.ts";

function change(
  revision: number,
  path: string,
  type: CommittedEvent["type"] = "changed",
  ordinal = 0,
): CommittedEvent {
  return { revision, ordinal, path, type };
}

function event(committed: CommittedEvent): DeliveredItem {
  return { kind: "event", ...committed };
}

function rules(report: CheckReport): string[] {
  return report.violations.map((violation) => violation.rule);
}

function snapshotAt(revision: number): DeliveredItem {
  return { kind: "snapshot", revision };
}

function bookmark(revision: number): DeliveredItem {
  return { kind: "bookmark", revision, ordinal: 0 };
}

const [e1, e2, e3, e4] = [
  change(1, "/a", "created"),
  change(2, "/a/b", "created"),
  change(3, "/a"),
  change(4, "/a/b/c", "created"),
] as const;
const log = [e1, e2, e3, e4, change(5, "/ab", "created")];

function stream(
  watchKind: WatchKind,
  delivered: readonly DeliveredItem[],
  extra: { from?: number; until?: number; types?: CommittedEvent["type"][]; names?: string } = {},
): string[] {
  return rules(watchComplete({ log, watch: { path: "/a", watchKind, from: 1, ...extra, delivered } }));
}

describe("watchComplete", () => {
  test("each kind of watch is due its own events", () => {
    expect(stream("data", [e1, e3].map(event))).toEqual([]);
    expect(stream("children", [e1, e2].map(event))).toEqual([]);
    expect(stream("recursive", [e1, e2, e3, e4].map(event))).toEqual([]);
    expect(stream("data", [e1, e2, e3].map(event))).toEqual(["phantom"]);
    const atRoot = { path: "/", from: 1, delivered: [e1, log[4] ?? e1].map(event) };
    expect(rules(watchComplete({ log, watch: { ...atRoot, watchKind: "children" } }))).toEqual([]);
  });

  test("starts at its first revision and may be stopped", () => {
    expect(stream("data", [e3].map(event), { from: 2 })).toEqual([]);
    expect(stream("data", [e1].map(event), { until: 2 })).toEqual([]);
    expect(stream("data", [e1].map(event), { until: 3 })).toEqual(["missing"]);
  });

  test.each([
    ["an event left out", "missing", [e1, e3, e4]],
    ["an event left out at the end", "missing", [e1, e2, e3]],
    ["an event twice", "repeated", [e1, e2, e2, e3, e4]],
    ["an event that never happened", "phantom", [e1, e2, e3, change(3, "/a/x"), e4]],
    ["an event of the wrong type", "phantom", [e1, e2, e3, { ...e3, type: "deleted" as const }, e4]],
  ])("finds %s", (_, rule, delivered) => {
    expect(stream("recursive", delivered.map(event))).toEqual([rule]);
  });

  test("finds events out of order", () => {
    expect(stream("recursive", [e1, e3, e2, e4].map(event))).toContain("order");
  });

  test("a gap excuses what the snapshot after it shows, and nothing else", () => {
    const gap: DeliveredItem = { kind: "gap" };
    expect(stream("recursive", [event(e1), gap, snapshotAt(3), event(e4)])).toEqual([]);
    expect(stream("recursive", [event(e1), gap, gap, snapshotAt(4)])).toEqual([]);
    expect(stream("recursive", [snapshotAt(2), event(e3), event(e4)])).toEqual([]);
    expect(stream("recursive", [event(e1), gap, snapshotAt(2), event(e4)])).toEqual(["missing"]);
    expect(stream("recursive", [event(e1), gap, event(e3), event(e4)])).toContain("gap-open");
    expect(stream("recursive", [event(e1), gap])).toEqual(["gap-open"]);
    expect(stream("recursive", [event(e1), snapshotAt(3), event(e4)])).toEqual(["snapshot-without-gap"]);
    expect(stream("recursive", [event(e1), event(e2), event(e3), gap, snapshotAt(2), event(e4)])).toEqual([
      "snapshot-old",
    ]);
    expect(stream("recursive", [event(e1), gap, snapshotAt(3), event(e3), event(e4)])).toEqual(["order"]);
  });

  test("is due what its filter lets through, its own path whatever its name", () => {
    expect(stream("recursive", [e3].map(event), { types: ["changed"] })).toEqual([]);
    expect(stream("recursive", [e1, e2, e4].map(event), { types: ["created", "deleted"] })).toEqual([]);
    expect(stream("recursive", [e1, e3, e4].map(event), { names: "c*" })).toEqual([]);
    expect(stream("recursive", [e1, e2, e3].map(event), { names: "b" })).toEqual([]);
    expect(stream("recursive", [e1, e2, e3].map(event), { names: "c*" })).toContain("phantom");
    expect(stream("recursive", [e1, e3].map(event), { names: ".*" })).toEqual([]);
    expect(stream("recursive", [e1, e3].map(event), { types: ["changed"] })).toEqual(["phantom"]);
  });

  test("a bookmark goes past nothing that is due, and may repeat", () => {
    const rest = [e2, e3, e4].map(event);
    expect(stream("recursive", [event(e1), bookmark(1), bookmark(1), ...rest, bookmark(9)])).toEqual([]);
    expect(stream("recursive", [event(e1), bookmark(2), ...rest])).toEqual(["bookmark-early"]);
    expect(stream("recursive", [event(e1), bookmark(3), snapshotAt(4)])).toContain("bookmark-early");
    expect(stream("data", [event(e1), bookmark(2), event(e3), bookmark(5)])).toEqual([]);
    expect(stream("recursive", [event(e1), { kind: "gap" }, bookmark(3), snapshotAt(4)])).toContain(
      "gap-open",
    );
  });

  test("accepts true streams and finds any single damage to them", () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom("drop", "repeat", "swap", "invent"), (seed, damage) => {
        const random = new SeededRandom(seed);
        const events = randomLog(random);
        const whole = { path: "/", watchKind: "recursive" as const, from: 0 };
        const delivered = events.map(event);
        expect(rules(watchComplete({ log: events, watch: { ...whole, delivered } }))).toEqual([]);
        const at = random.below(delivered.length - 1);
        const [first, second] = [delivered[at], delivered[at + 1]];
        if (first === undefined || second === undefined) throw new Error("too short");
        if (damage === "drop") delivered.splice(at, 1);
        if (damage === "repeat") delivered.splice(at, 0, first);
        if (damage === "swap") delivered.splice(at, 2, second, first);
        if (damage === "invent") delivered.splice(at, 0, event(change(1_000_000, "/x")));
        expect(watchComplete({ log: events, watch: { ...whole, delivered } }).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

function randomLog(random: SeededRandom): CommittedEvent[] {
  let revision = 1;
  let ordinal = -1;
  return Array.from({ length: 2 + random.below(20) }, () => {
    if (random.chance(0.7)) {
      revision += 1 + random.below(3);
      ordinal = -1;
    }
    ordinal++;
    return change(revision, `/n${random.below(4)}`, random.pick(["created", "changed", "deleted"]), ordinal);
  });
}

function got({ revision, ordinal }: CommittedEvent): SessionDelivery {
  return { session: "s", kind: "event", watch: "w", revision, ordinal };
}

function answer(revision: number, session = "s"): SessionDelivery {
  return { session, kind: "answer", revision };
}

function found(...deliveries: readonly SessionDelivery[]): string[] {
  return rules(eventBeforeRead({ log, deliveries }));
}

describe("eventBeforeRead", () => {
  const armed: SessionDelivery = {
    session: "s",
    kind: "watch-armed",
    watch: "w",
    path: "/a",
    watchKind: "data",
    from: 1,
  };
  test("accepts answers that show no more than the events before them", () => {
    expect(found(answer(9), armed, got(e1), answer(2), got(e3), answer(9))).toEqual([]);
    expect(found(armed, answer(9, "other"))).toEqual([]);
    expect(found(armed, { session: "s", kind: "watch-closed", watch: "w" }, answer(9))).toEqual([]);
  });

  test("finds an answer that overtook an event", () => {
    expect(found(armed, answer(1))).toEqual(["answer-too-early"]);
    expect(found(armed, got(e1), answer(3), got(e3))).toEqual(["answer-too-early"]);
  });

  test("a watch in a gap owes nothing until its snapshot", () => {
    const gap: SessionDelivery = { session: "s", kind: "gap", watch: "w" };
    const snapshot: SessionDelivery = { session: "s", kind: "snapshot", watch: "w", revision: 2 };
    expect(found(armed, gap, answer(9))).toEqual([]);
    expect(found(armed, gap, snapshot, answer(2))).toEqual([]);
    expect(found(armed, gap, snapshot, answer(3))).toEqual(["answer-too-early"]);
  });

  test("all changes of one revision count", () => {
    const multi = [change(1, "/a", "created", 0), change(1, "/a", "deleted", 1)] as const;
    const deliveries = [armed, got(multi[0]), answer(1)];
    expect(rules(eventBeforeRead({ log: multi, deliveries }))).toEqual(["answer-too-early"]);
  });

  test("finds deliveries of a watch that is not armed", () => {
    expect(found(got(e1))).toEqual(["not-armed"]);
  });
});
