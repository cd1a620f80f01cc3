import { expect, test } from "vitest";
import { encodeConfiguration } from "../../src/core/config/config-codec.ts";
import { encodeEntry } from "../../src/core/entry-codec.ts";
import { Cluster } from "./cluster.ts";
import { founded, founding } from "./member.ts";

const trio = ["a", "b", "c"];
const zero = { index: 0, term: 0 };

/** A group whose member c missed what the leader has compacted since. */
function lagging(options: ConstructorParameters<typeof Cluster>[1] = {}): Cluster {
  const cluster = new Cluster(trio, options);
  cluster.elect("a");
  cluster.tick();
  cluster.isolate("c");
  for (let k = 0; k < 10; k += 1) cluster.propose("a", `${k}`);
  cluster.settle();
  cluster.tick();
  cluster.snapshot("a");
  cluster.heal();
  return cluster;
}

test("a snapshot lets go of the log behind it, except for the trailing entries", () => {
  const cluster = lagging({ trailingEntries: 4 });
  const { raft, disk } = cluster.get("a");
  expect(raft).toMatchObject({ snapshot: { index: 11, term: 1 }, firstIndex: 8 });
  expect(disk.entries.map(({ index }) => index)).toEqual([8, 9, 10, 11]);
  expect(raft.termAt(7)).toBe(1);
  expect(raft.termAt(6)).toBe(null);
});

test("a peer that needs compacted entries gets a snapshot, then the log", () => {
  const cluster = lagging();
  cluster.tick(2);
  expect(cluster.said("a", "snapshot-offer").length).toBe(1);
  expect(cluster.get("c").raft).toMatchObject({ commit: 11, applied: 11, snapshot: { index: 11, term: 1 } });
  cluster.propose("a", "more");
  cluster.settle();
  cluster.tick();
  expect(cluster.get("c").state).toEqual(cluster.get("a").state);
  expect(cluster.get("c").disk.compacted.index).toBe(11);
});

test("a snapshot is acknowledged as log only once the stored log was reset to it", () => {
  const cluster = lagging();
  const acknowledged = (): boolean => cluster.said("c", "append-reply").some(({ match }) => match === 11);
  cluster.get("c").slowDisk = true;
  cluster.tick(2);
  expect(cluster.get("c").raft.snapshot.index).toBe(11);
  expect(acknowledged()).toBe(false);
  cluster.get("c").slowDisk = false;
  cluster.finishTask("c");
  cluster.settle();
  expect(acknowledged()).toBe(true);
});

test("a peer within the trailing entries gets the log alone", () => {
  const cluster = lagging({ trailingEntries: 11 });
  cluster.tick(2);
  expect(cluster.said("a", "snapshot-offer")).toEqual([]);
  expect(cluster.get("c").state).toEqual(cluster.get("a").state);
});

test("a stream that failed is tried again after a sign of life", () => {
  const cluster = lagging();
  cluster.step("a", { type: "tick" });
  while (cluster.said("a", "snapshot-offer").length === 0) {
    const parcel = cluster.wire.shift();
    if (parcel !== undefined) cluster.deliver(parcel);
  }
  cluster.wire = cluster.wire.filter(({ message }) => message.type !== "snapshot-offer");
  cluster.tick(3);
  expect(cluster.get("c").raft.commit).toBe(1);
  cluster.step("a", { type: "snapshot-sent", to: "c", ok: false });
  cluster.tick(3);
  expect(cluster.get("c").state).toEqual(cluster.get("a").state);
});

test("a member that comes with the snapshot learns the configuration from it", () => {
  const cluster = lagging({ configuration: founding(trio) });
  expect(cluster.get("a").raft.firstIndex).toBeGreaterThan(1);
  cluster.get("c").disk.entries = [];
  cluster.get("c").disk.hardState = { term: 0, vote: null };
  cluster.crash("c");
  cluster.restart("c");
  cluster.settle();
  cluster.tick(3);
  expect(cluster.get("c").raft.configuration).toEqual(cluster.get("a").raft.configuration);
  expect(cluster.get("c").state).toEqual(cluster.get("a").state);
});

test("a snapshot that holds nothing new is acknowledged and not stored", () => {
  const cluster = lagging();
  cluster.tick(2);
  const [offer] = cluster.said("a", "snapshot-offer");
  if (offer === undefined) throw new Error("no snapshot was sent");
  const stored = cluster.get("c").disk.snapshot;
  cluster.sent.length = 0;
  cluster.tell("c", "a", offer);
  expect(cluster.get("c").disk.snapshot).toBe(stored);
  expect(cluster.said("c", "append-reply")).toMatchObject([{ match: 11 }]);
  expect(cluster.said("c", "snapshot-reply")).toMatchObject([{ received: offer.totalBytes, done: true }]);
});

test("a snapshot of an earlier term's leader is refused", () => {
  const cluster = lagging();
  cluster.tick(2);
  const [offer] = cluster.said("a", "snapshot-offer");
  if (offer === undefined) throw new Error("no snapshot was sent");
  cluster.tell("b", "c", { type: "append", term: 9, prev: zero, commit: 0, entries: [] });
  cluster.sent.length = 0;
  cluster.tell("b", "a", { ...offer, last: { index: 99, term: 1 } });
  expect(cluster.get("b").disk.snapshot).toBe(null);
  expect(cluster.said("b", "append-reply")).toMatchObject([{ term: 9, match: null }]);
});

test("a snapshot of another history is not taken", () => {
  const cluster = lagging();
  const configuration = { ...founded(trio), historyId: "cd".repeat(16) };
  const head = {
    last: { index: 99, term: 1 },
    timeMs: 1,
    totalBytes: 0,
    hash: "00".repeat(32),
    configuration,
  };
  cluster.sent.length = 0;
  cluster.tell("c", "a", { type: "snapshot-offer", term: 1, ...head });
  expect(cluster.get("c").refused).toEqual([{ from: "a", reason: "foreign-history" }]);
  expect(cluster.get("c").disk.snapshot).toBeNull();
  expect(cluster.said("c", "snapshot-reply")).toEqual([]);
});

test("a joiner that read of a history before takes the snapshot of the one it joins", () => {
  const cluster = new Cluster(trio, { joiners: ["d"] });
  const before = founded(trio);
  const payload = encodeConfiguration(before);
  const entry = encodeEntry({ index: 1, term: 1, timeMs: 0, kind: "config", payload });
  cluster.tell("d", "a", { type: "append", term: 1, prev: zero, commit: 1, entries: [entry] });
  expect(cluster.get("d").raft.configuration.historyId).toBe(before.historyId);
  expect(cluster.get("d").raft.known.historyId).toBe("");
  const configuration = { ...founded(["a", "d"]), index: 90, historyId: "cd".repeat(16) };
  const last = { index: 99, term: 2 };
  const head = { last, timeMs: 1, totalBytes: 0, hash: "00".repeat(32), configuration };
  cluster.tell("d", "a", { type: "snapshot-offer", term: 2, ...head });
  expect(cluster.get("d").refused).toEqual([]);
  expect(cluster.get("d").raft.known).toMatchObject({
    current: configuration,
    historyId: configuration.historyId,
  });
});

test.each([
  [1000, []],
  [1001, [{ from: "a", reason: "snapshot-too-large" }]],
])(
  "a snapshot of %i bytes is within a bound of 1,000, or refused before anything of it is taken up",
  (totalBytes, refused) => {
    const cluster = lagging({ limits: { maxSnapshotBytes: 1000 } });
    const { term } = cluster.get("c").raft;
    const head = {
      last: { index: 99, term: 9 },
      timeMs: 1,
      hash: "00".repeat(32),
      configuration: founded(trio),
    };
    cluster.sent.length = 0;
    cluster.tell("c", "a", { type: "snapshot-offer", term: 9, ...head, totalBytes });
    expect(cluster.get("c").refused).toEqual(refused);
    expect(cluster.get("c").raft.term).toBe(refused.length === 0 ? 9 : term);
  },
);

test("a snapshot that ends with another entry than the one committed there is not taken", () => {
  const cluster = lagging({ trailingEntries: 4 });
  cluster.tick(2);
  const [offer] = cluster.said("a", "snapshot-offer");
  if (offer === undefined) throw new Error("no snapshot was sent");
  cluster.tell("b", "a", { ...offer, term: 5, last: { index: 11, term: 4 } });
  expect(cluster.get("b").refused).toEqual([{ from: "a", reason: "contradicts-commit" }]);
});

test("a restart finds snapshot and log, and goes on", () => {
  const cluster = lagging({ trailingEntries: 3 });
  cluster.tick(2);
  cluster.propose("a", "after");
  cluster.settle();
  cluster.tick(2);
  for (const id of trio) {
    cluster.crash(id);
    cluster.restart(id);
  }
  cluster.settle();
  cluster.tick(60);
  cluster.propose(cluster.leader().id, "again");
  cluster.settle();
  cluster.tick(2);
  for (const id of trio) expect(cluster.commands(id).slice(-2)).toEqual(["after", "again"]);
});

test("a term that a received snapshot proves is taken up when the crash came before it was written", () => {
  const cluster = lagging();
  const member = cluster.get("c");
  cluster.tick(2);
  member.disk.hardState = { term: 0, vote: null };
  cluster.crash("c");
  const raft = member.start();
  expect(raft).toMatchObject({ term: 1, vote: null });
  cluster.drain("c");
  expect(member.disk.hardState).toEqual({ term: 1, vote: null });
});

test("a log that ends with a compacted entry still answers for its term", () => {
  const cluster = new Cluster(trio);
  cluster.elect("a");
  cluster.propose("a", "x");
  cluster.settle();
  cluster.tick(2);
  for (const id of trio) cluster.snapshot(id);
  for (const id of trio) expect(cluster.get(id).raft.firstIndex).toBe(3);
  cluster.crash("a");
  cluster.tick(60, ["b", "c"]);
  cluster.propose(cluster.leader().id, "y");
  cluster.settle();
  cluster.restart("a");
  cluster.tick(3);
  for (const id of trio) expect(cluster.commands(id)).toEqual(["x", "y"]);
});
