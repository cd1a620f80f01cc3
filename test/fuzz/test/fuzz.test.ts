import { describe, expect, test } from "vitest";
import { isSnapshotTransfer } from "@flotilla/raft/parts";
import { readCorpus } from "../src/corpus.ts";
import { Draw } from "../src/draw.ts";
import { noCounts } from "../src/report.ts";
import type { Counts } from "../src/report.ts";
import { run, targets } from "../src/run.ts";
import type { Target } from "../src/run.ts";
import { judgeRequest, outcomeOfRequest } from "../src/targets/admin.ts";
import { outcomeOf, tryCodec } from "../src/targets/codec.ts";
import { CoreTarget } from "../src/targets/core.ts";
import { KvCommandTarget, KvSnapshotTarget } from "../src/targets/kv.ts";
import { LinkTarget } from "../src/targets/link.ts";

const frames = 10_000;
const limitMs = 120_000;

async function fuzzed(target: Target, seed: number): Promise<Counts> {
  const counts = noCounts();
  await run(target, frames, new Draw(seed, target), counts);
  return counts;
}

test.each(targets)(
  "frames of any kind neither break %s nor change what they must not",
  { timeout: limitMs },
  async (target) => {
    const counts = await fuzzed(target, 1);
    expect(counts.frames).toBe(frames);
    expect(counts.mutated / frames).toBeGreaterThan(0.48);
    expect(counts.decoded / frames).toBeGreaterThan(0.2);
  },
);

test("every kind of lie is told, and refused for what it is", { timeout: limitMs }, async () => {
  const { lies, refused } = await fuzzed("core", 2);
  expect([...lies.keys()].toSorted()).toEqual([
    "beyond-log",
    "contradicts-commit",
    "count-differs",
    "foreign-history",
    "from-itself",
    "no-command",
    "round-never-begun",
    "second-leader",
    "snapshot-too-large",
    "term-never-entered",
    "term-out-of-reach",
    "time-goes-back",
    "vote-not-asked-for",
  ]);
  expect(refused).toBeGreaterThan(500);
});

test.each(["kv-command", "kv-snapshot"] as const)(
  "bytes for the state machine are refused for many reasons, and act in many ways: %s",
  { timeout: limitMs },
  async (target) => {
    const outcomes = [...(await fuzzed(target, 2)).corpus.keys()];
    const acts = outcomes.filter((outcome) => /^(?:applied|restored)/.test(outcome));
    expect(outcomes.length - acts.length).toBeGreaterThan(60);
    expect(acts.length).toBeGreaterThanOrEqual(target === "kv-command" ? 20 : 1);
  },
);

test("a seed says the same frames again", { timeout: limitMs }, async () => {
  const [first, second] = [await fuzzed("core", 3), await fuzzed("core", 3)];
  expect(second).toEqual(first);
  expect(first.corpus.size).toBeGreaterThan(40);
});

describe("the corpus", () => {
  const corpus = [...readCorpus("peer")];

  test("has a frame for every type of message and many refusals", () => {
    const outcomes = corpus.map(([outcome]) => outcome);
    expect(outcomes.filter((outcome) => outcome.startsWith("decodes: ")).length).toBeGreaterThan(16);
    expect(outcomes.filter((outcome) => outcome.startsWith("peer message: ")).length).toBeGreaterThan(15);
  });

  test("each frame goes the way for which it was kept", () => {
    for (const [outcome, frame] of corpus) {
      const now = outcomeOf(tryCodec(frame));
      if (outcome.startsWith("core: ")) expect(now).toMatch(/^decodes/);
      else expect(now).toBe(outcome);
    }
  });

  test("of operators has a frame for every question, and each goes the way for which it was kept", () => {
    const kept = [...readCorpus("admin")];
    const asked = kept.map(([outcome]) => outcome).filter((outcome) => outcome.startsWith("asks: "));
    expect(asked).toEqual(["asks: change", "asks: describe", "asks: leave", "asks: transfer"]);
    expect(kept.length).toBeGreaterThan(20);
    for (const [outcome, frame] of kept) expect(outcomeOfRequest(judgeRequest(frame))).toBe(outcome);
  });

  test("of the state machine is applied, restored or refused", () => {
    const commands = readCorpus("kv-command");
    const snapshots = readCorpus("kv-snapshot");
    expect(commands.size).toBeGreaterThan(100);
    expect(snapshots.size).toBeGreaterThan(100);
    const machine = new KvCommandTarget(new Draw(1, "corpus"));
    for (const [, bytes] of commands) machine.apply(bytes);
    const restoring = new KvSnapshotTarget(new Draw(1, "corpus"));
    for (const [, bytes] of snapshots) restoring.restore(bytes);
  });

  test("each frame is heard whole by a link, or ends it", () => {
    const link = new LinkTarget();
    for (const [, frame] of corpus) for (const kind of ["control", "bulk"] as const) link.say(frame, kind);
  });

  test("each message of it acts on a core or changes nothing", () => {
    const core = new CoreTarget(new Draw(1, "corpus"));
    let heard = 0;
    for (const [, frame] of corpus) {
      const judged = tryCodec(frame);
      if (typeof judged === "string") continue;
      for (const message of judged) {
        if (message.type === "app" || isSnapshotTransfer(message)) continue;
        core.hear(message, frame, null);
        heard += 1;
      }
    }
    expect(heard).toBeGreaterThan(50);
  });
});
