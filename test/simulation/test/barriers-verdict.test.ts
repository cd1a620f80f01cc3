import { expect, test } from "vitest";
import { judgeBarriers } from "../src/verdict/barriers.ts";
import { MadeLog, type MadeWrite } from "./_support/made-log.ts";

const base = "/double-barrier/meeting";

const party = (name: string): MadeWrite => ({ path: `${base}/line/${name}`, value: {}, owner: name });
const gone = ({ path }: MadeWrite): MadeWrite => ({ path, value: undefined });
const round = (...names: readonly string[]): MadeWrite => ({ path: `${base}/grant`, value: { names } });

/** Two who came and began together, as told; returns the epoch. */
function together(log: MadeLog, one = "a", other = "b"): number {
  log.write(one, party(one));
  log.write(other, party(other));
  const epoch = log.write(one, round(one, other), party(one), party(other));
  log.ledger.plays.entries.push({ session: one, epoch, index: 0 }, { session: other, epoch, index: 1 });
  return epoch;
}

function broken(log: MadeLog): readonly string[] {
  judgeBarriers(log);
  return log.broken;
}

test("rounds begin with so many who are there, and end when all have left", () => {
  const log = new MadeLog();
  const epoch = together(log);
  log.write("a", gone(party("a")));
  const revision = log.write("b", gone(party("b")));
  log.ledger.plays.leaves.push({ epoch, revision });
  together(log, "c", "d");
  expect(broken(log)).toEqual([]);
});

test("BarrierTogether notices somebody who passes without a round", () => {
  const log = new MadeLog();
  const epoch = log.write("a", party("a"));
  log.ledger.plays.entries.push({ session: "a", epoch, index: 0 });
  expect(broken(log)).toEqual(["BarrierTogether"]);
});

test("BarrierTogether notices a round that begins during the one before", () => {
  const log = new MadeLog();
  together(log);
  log.write("c", party("c"));
  log.write("d", party("d"));
  log.write("c", round("c", "d"), party("c"), party("d"));
  expect(broken(log)).toEqual(["BarrierTogether"]);
});

test("BarrierTogether notices a round with somebody who is not there", () => {
  const log = new MadeLog();
  log.write("a", party("a"));
  log.write("a", round("a", "b"), party("a"));
  expect(broken(log)).toEqual(["BarrierTogether"]);
});

test("BarrierTogether notices somebody who is through before the others have left", () => {
  const log = new MadeLog();
  const epoch = together(log);
  const revision = log.write("a", gone(party("a")));
  log.ledger.plays.leaves.push({ epoch, revision });
  log.write("b", gone(party("b")));
  expect(broken(log)).toEqual(["BarrierTogether"]);
});

/** A latch of which so many keys were counted, at revisions from 1. */
function counted(count: number): MadeLog {
  const log = new MadeLog();
  for (let key = 0; key < count; key += 1) log.write("a", { path: `/latch/latch-0/key-${key}`, value: "" });
  return log;
}

test("a latch opens with the last key", () => {
  const log = counted(4);
  log.ledger.plays.openLatches.push({ name: "latch-0", revision: 4 });
  log.ledger.plays.counted.push({ name: "latch-0", key: "key-3", session: "a" });
  expect(broken(log)).toEqual([]);
});

test("LatchCounts notices one that opens early", () => {
  const log = counted(4);
  log.ledger.plays.openLatches.push({ name: "latch-0", revision: 3 });
  expect(broken(log)).toEqual(["LatchCounts"]);
});

test("LatchCounts notices a key that counts for somebody else", () => {
  const log = counted(4);
  log.ledger.plays.counted.push({ name: "latch-0", key: "key-3", session: "b" });
  expect(broken(log)).toEqual(["LatchCounts"]);
});
