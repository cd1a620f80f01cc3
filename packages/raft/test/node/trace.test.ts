import { expect, test } from "vitest";
import type { TraceRecord } from "../../src/index.ts";
import { add } from "./counter.ts";
import { World } from "./world.ts";

/** A leader falls, another takes over, and the first comes back. */
async function trace(seed: number): Promise<{ readonly lines: string[]; readonly records: TraceRecord[] }> {
  const lines: string[] = [];
  const world = new World(seed, ["a", "b", "c"], {
    snapshotEntries: 20,
    trace: (record) => lines.push(JSON.stringify(record)),
  });
  await world.startAll();
  const first = await world.untilLeader();
  for (let k = 0; k < 30; k += 1) await world.kernel.until(first.node.propose(add(1)));
  world.crash(first.node.id, true);
  const second = await world.untilLeader();
  await world.kernel.until(second.node.propose(add(1)));
  await world.start(first.node.id);
  await world.runFor(3000);
  return { lines, records: lines.map((line) => JSON.parse(line) as TraceRecord) };
}

function only<T extends TraceRecord["type"]>(
  records: readonly TraceRecord[],
  type: T,
): Extract<TraceRecord, { readonly type: T }>[] {
  return records.filter(
    (record): record is Extract<TraceRecord, { readonly type: T }> => record.type === type,
  );
}

test("the same seed leaves the same trace, line by line", async () => {
  const { lines } = await trace(7);
  expect((await trace(7)).lines).toEqual(lines);
  expect(lines.length).toBeGreaterThan(500);
});

test("records of a life are numbered without a gap, and time never goes back", async () => {
  const last = new Map<string, { seq: number; atMs: number }>();
  let lives = 0;
  for (const { node, seq, atMs } of (await trace(8)).records) {
    if (seq === 1) lives += 1;
    const before = seq === 1 ? { seq: 0, atMs: 0 } : last.get(node);
    expect(seq).toBe((before?.seq ?? Number.NaN) + 1);
    expect(atMs).toBeGreaterThanOrEqual(before?.atMs ?? Number.NaN);
    last.set(node, { seq, atMs });
  }
  expect([...last.keys()].toSorted()).toEqual(["a", "b", "c"]);
  expect(lives).toBe(4);
});

test("every kind of transition of a fail-over is there", async () => {
  const { records } = await trace(9);
  const kinds = new Set(records.map(({ type }) => type));
  const all = ["append", "apply", "commit", "configuration", "durable", "recovered"];
  expect([...kinds].toSorted()).toEqual([...all, "restore", "send", "snapshot", "soft", "step"]);
  const leaders = new Map(
    only(records, "soft").flatMap((each) => (each.role === "leader" ? [[each.term, each.node]] : [])),
  );
  expect(leaders.size).toBeGreaterThan(1);
});

test("a vote is durable before it is sent, and replicas apply the same", async () => {
  const { records } = await trace(10);
  const hard = new Map<string, { readonly term: number; readonly vote: string | null }>();
  const underWay = new Map<string, Extract<TraceRecord, { readonly type: "append" }>>();
  const applied = new Map<number, number>();
  let votes = 0;
  for (const record of records) {
    const { node } = record;
    if (record.type === "recovered") hard.set(node, record.hardState);
    if (record.type === "append") underWay.set(node, record);
    if (record.type === "durable") {
      const { hardState, task } = underWay.get(node) ?? { hardState: null, task: 0 };
      expect(task).toBe(record.task);
      if (hardState !== null) hard.set(node, hardState);
    }
    if (record.type === "send" && "type" in Object(record.message)) {
      const message = record.message as { type: string; term: number; granted?: boolean };
      if (message.type === "vote") expect(hard.get(node)).toEqual({ term: message.term, vote: node });
      if (message.type === "vote-reply" && message.granted === true)
        expect(hard.get(node)).toEqual({ term: message.term, vote: record.to });
      if (message.type === "vote" || message.type === "vote-reply") votes += 1;
    }
    if (record.type === "apply") {
      expect(record.checksum).toBe(applied.get(record.index) ?? record.checksum);
      applied.set(record.index, record.checksum);
    }
  }
  expect(votes).toBeGreaterThan(3);
  expect(applied.size).toBeGreaterThan(31);
});

test.each(["throws", "rejects"])("a trace that %s stops the node with that error", async (how) => {
  const full = new Error("no space left");
  const world = new World(1, ["a"], {
    trace: ({ type }) => {
      if (type !== "commit") return null;
      if (how === "rejects") return Promise.reject(full);
      throw full;
    },
  });
  await world.startAll();
  await world.runFor(10_000);
  expect(world.running.get("a")?.stopped).toMatchObject({ error: { cause: full } });
});
