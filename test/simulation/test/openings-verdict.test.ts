import { expect, test } from "vitest";
import { judgeOpenings } from "../src/verdict/openings.ts";
import { MadeLog } from "./_support/made-log.ts";

function told(log: MadeLog, session: string, isOwn = false): void {
  log.ledger.opened.set(session, { isOwn, commands: log.golden.commands.length });
}

test("a session that one entry opens is as it must be, and so is what nobody was told of", () => {
  const log = new MadeLog();
  for (const session of ["unknown", "unknown", "a"]) log.open(session);
  told(log, "a");
  judgeOpenings(log);
  expect(log.broken).toEqual([]);
});

test("SessionOpenedOnce notices two entries that may open one session", () => {
  const log = new MadeLog();
  log.open("a");
  log.open("a");
  told(log, "a");
  judgeOpenings(log);
  expect(log.broken).toEqual(["SessionOpenedOnce"]);
});

test("SessionOpenedOnce lets several entries open a member's own, and notices one that comes after it is used", () => {
  const log = new MadeLog();
  log.open("a");
  log.open("a");
  told(log, "a", true);
  judgeOpenings(log);
  expect(log.broken).toEqual([]);
  log.open("a");
  judgeOpenings(log);
  expect(log.broken).toEqual(["SessionOpenedOnce"]);
});
