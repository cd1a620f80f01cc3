import { expect, test } from "vitest";
import type { QueueSettling } from "../src/plays/play-book.ts";
import { mostDeliveries } from "../src/plays/queue.ts";
import { judgeQueues } from "../src/verdict/queues.ts";
import { MadeLog, type MadeWrite } from "./_support/made-log.ts";

const base = "/queue/jobs";
const first = "99-0000000000-0000000001";
const second = "99-0000000000-0000000002";

const put = (id: string): MadeWrite => ({ path: `${base}/items/${id}`, value: id });
const claim = (id: string, taker: string): MadeWrite => ({ path: `${base}/items/${id}/${taker}`, value: "" });
const gone = ({ path }: MadeWrite): MadeWrite => ({ path, value: undefined });
const comes = (taker: string): MadeWrite => ({ path: `${base}/takers/${taker}`, value: 1, owner: taker });

/** Two who take, and two items of which the first is handed to one of them, by an epoch of 5. */
function handedOut(): MadeLog {
  const log = new MadeLog();
  log.write("a", comes("a"));
  log.write("b", comes("b"));
  log.write("c", put(first));
  log.write("c", put(second));
  log.write("d", claim(first, "a"));
  return log;
}

function wanted(log: MadeLog, settling: Partial<QueueSettling>): void {
  const plain = { session: "a", item: first, epoch: 5, way: "ack", outcome: "ok" } as const;
  log.ledger.plays.settlings.push({ ...plain, ...settling });
}

function broken(log: MadeLog): readonly string[] {
  judgeQueues(log);
  return log.broken;
}

test("an item may be acknowledged, given back, taken from somebody who is gone, and buried", () => {
  const log = handedOut();
  log.write("a", gone(claim(first, "a")));
  log.write("d", claim(first, "a"));
  log.write("a", gone(comes("a")));
  log.write("d", gone(claim(first, "a")));
  const epoch = log.write("d", claim(first, "b"));
  log.write("b", gone(claim(first, "b")), gone(put(first)));
  wanted(log, { session: "b", epoch });
  const later = log.write("d", claim(second, "b"));
  log.write("b", gone(claim(second, "b")), gone(put(second)), { path: `${base}/dead/${second}`, value: "" });
  wanted(log, { session: "b", item: second, epoch: later, way: "bury" });
  expect(broken(log)).toEqual([]);
});

test("QueueLossless notices an item that nobody was done with", () => {
  const log = handedOut();
  log.write("a", gone(claim(first, "a")), gone(put(first)));
  expect(broken(log)).toEqual(["QueueLossless"]);
});

test("QueueLossless notices a put that is not there", () => {
  const log = handedOut();
  log.ledger.plays.puts.push({ session: "c", value: "x", id: "99-0000000000-0000000003" });
  expect(broken(log)).toEqual(["QueueLossless"]);
});

test.each([
  ["an acknowledgement that did nothing", "ok", false],
  ["one that did, and was told to be too late", "lost", true],
] as const)("QueueLossless notices %s", (_what, outcome, isDone) => {
  const log = handedOut();
  wanted(log, { outcome });
  if (isDone) log.write("a", gone(claim(first, "a")), gone(put(first)));
  expect(broken(log)).toEqual(["QueueLossless"]);
});

test("what a taker that is gone had too often is buried by who hands out, be it the same session, and lost to the taker", () => {
  const log = handedOut();
  for (let delivery = 2; delivery <= mostDeliveries; delivery += 1) {
    log.write("a", gone(claim(first, "a")));
    log.write("a", claim(first, "a"));
  }
  const epoch = log.write("a", gone(claim(first, "a"))) + 1;
  log.write("a", claim(first, "a"));
  log.write("a", gone(comes("a")));
  wanted(log, { epoch, outcome: "lost" });
  const away = [gone(claim(first, "a")), gone(put(first)), { path: `${base}/dead/${first}`, value: "" }];
  log.writeIf(`${base}/line/a-1`, "a", ...away);
  expect(broken(log)).toEqual([]);
});

test("QueueLossless notices an acknowledgement that was one in word only: the item became a dead letter", () => {
  const log = handedOut();
  wanted(log, {});
  wanted(log, { way: "bury", outcome: "unknown" });
  log.write("a", gone(claim(first, "a")), gone(put(first)), { path: `${base}/dead/${first}`, value: "" });
  expect(broken(log)).toEqual(["QueueLossless"]);
});

test("QueueOneTaker notices an item that two have", () => {
  const log = handedOut();
  log.write("d", claim(first, "b"));
  expect(broken(log)).toEqual(["QueueOneTaker"]);
});

test("QueueOneTaker notices an item that is taken from somebody who lives", () => {
  const log = handedOut();
  log.write("d", gone(claim(first, "a")));
  expect(broken(log)).toEqual(["QueueOneTaker"]);
});

test("QueueInOrder notices an item that is handed out before one that was put earlier", () => {
  const log = new MadeLog();
  log.write("a", comes("a"));
  log.write("c", put(first));
  log.write("c", put(second));
  log.write("d", claim(second, "a"));
  expect(broken(log)).toEqual(["QueueInOrder"]);
});
