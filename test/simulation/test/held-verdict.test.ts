import { describe, expect, test } from "vitest";
import type { Acceptance } from "../src/actors/outside.ts";
import { judgeFollowers } from "../src/verdict/followers.ts";
import { judgeLines } from "../src/verdict/lines.ts";
import { judgeOutside } from "../src/verdict/outside.ts";
import { judgeRegistrations } from "../src/verdict/registrations.ts";
import type { MadeWrite } from "./_support/made-log.ts";
import { MadeLog } from "./_support/made-log.ts";

const base = "/election/e0";

function waiter(name: string, { priority = 0, permits = 1, places = 1 } = {}): MadeWrite {
  return { path: `${base}/line/${name}`, value: { priority, permits, places }, owner: name };
}

function gone(name: string): MadeWrite {
  return { path: `${base}/line/${name}`, value: undefined };
}

function record(names: readonly string[], permits = 1): MadeWrite {
  const holders = names.map((name) => ({ name, id: name, value: "" }));
  return { path: `${base}/grant`, value: { holders, permits } };
}

describe("lines", () => {
  test("one after the other, in the order they came, is as it must be", () => {
    const log = new MadeLog();
    const first = log.write("a", record(["a"]), waiter("a"));
    log.write("b", waiter("b"));
    log.write("c", waiter("c"));
    const second = log.write("a", gone("a"), record(["b"]), waiter("b"));
    const third = log.write("b", gone("b"), record(["c"]), waiter("c"));
    log.write("c", gone("c"), { path: `${base}/grant`, value: undefined });
    expect(judgeLines(log)).toEqual(new Map([["e0", new Set([first, second, third])]]));
    expect(log.broken).toEqual([]);
  });

  test("SingleHolder notices more who hold than there are places, whatever they believe", () => {
    const log = new MadeLog();
    log.write("a", record(["a"]), waiter("a"));
    log.write("b", record(["a", "b"]), waiter("b"));
    judgeLines(log);
    expect(log.broken).toEqual(["SingleHolder"]);
  });

  test("GrantInLine notices a record that a leader of before writes over that of its successor", () => {
    const log = new MadeLog();
    log.write("a", record(["a"]), waiter("a"));
    log.write("b", waiter("b"));
    log.write("b", gone("a"), record(["b"]), waiter("b"));
    log.write("a", record(["a"]));
    judgeLines(log);
    expect(log.broken).toEqual(["GrantInLine"]);
  });

  test("GrantInLine allows a record of whoever read the line before the lease of one who holds ended", () => {
    const log = new MadeLog();
    log.write("a", record(["a"], 2), waiter("a", { places: 2 }));
    log.write("b", record(["a", "b"], 2), waiter("b", { places: 2 }));
    log.write("a", gone("a"));
    log.write("b", gone("b"), record(["a"], 2));
    judgeLines(log);
    expect(log.broken).toEqual([]);
    log.write("c", record(["a", "d"], 2));
    judgeLines(log);
    expect(log.broken).toEqual(["GrantInLine"]);
  });

  test("GrantInLine notices a holder whose node was not set with the record", () => {
    const log = new MadeLog();
    log.write("a", waiter("a"));
    log.write("a", record(["a"]));
    judgeLines(log);
    expect(log.broken).toEqual(["GrantInLine"]);
  });

  test("FairLine notices whoever is granted before those that came earlier", () => {
    const log = new MadeLog();
    log.write("a", record(["a"]), waiter("a"));
    log.write("b", waiter("b"));
    log.write("c", waiter("c"));
    log.write("a", gone("a"), record(["c"]), waiter("c"));
    judgeLines(log);
    expect(log.broken).toEqual(["FairLine"]);
  });

  test("FairLine knows priorities, and who could not have been seen", () => {
    const log = new MadeLog();
    log.write("a", record(["a"]), waiter("a"));
    log.write("b", waiter("b"));
    log.write("c", waiter("c", { priority: 1 }));
    log.write("a", gone("a"), record(["b"]), waiter("b"));
    judgeLines(log);
    expect(log.broken).toEqual([]);
    // Whoever grants now has read the line since c joined it.
    log.write("d", waiter("d"));
    log.write("b", gone("b"), record(["d"]), waiter("d"));
    judgeLines(log);
    expect(log.broken).toEqual(["FairLine"]);
  });

  test("FairLine lets nobody who wants little go before one who wants more than there is", () => {
    const log = new MadeLog();
    const two = { permits: 2, places: 2 };
    log.write("a", record(["a"], 2), waiter("a", { places: 2 }));
    log.write("b", waiter("b", two));
    log.write("c", record(["a", "c"], 2), waiter("c", { places: 2 }));
    judgeLines(log);
    expect(log.broken).toEqual(["FairLine"]);
  });
});

function accepted(epoch: number, by: "put" | "header" = "put"): Acceptance {
  return { object: "e0", epoch, by };
}

test("FencedOutside notices a write of an earlier holder after a later one's, and one that nobody was granted", () => {
  const log = new MadeLog();
  const granted = new Map([["e0", new Set([3, 5])]]);
  judgeOutside({ findings: log.findings, outside: { accepted: [accepted(3), accepted(5)] } }, granted);
  judgeOutside(
    { findings: log.findings, outside: { accepted: [accepted(5), accepted(3, "header")] } },
    granted,
  );
  expect(log.broken).toEqual([]);
  judgeOutside({ findings: log.findings, outside: { accepted: [accepted(5), accepted(3)] } }, granted);
  expect(log.findings.all).toHaveLength(1);
  judgeOutside({ findings: log.findings, outside: { accepted: [accepted(4)] } }, granted);
  expect(log.findings.all).toHaveLength(2);
  expect(log.broken).toEqual(["FencedOutside"]);
});

function leader(name: string, epoch: number): string {
  return `${name} at ${epoch} says `;
}

function registered(id: string, value: unknown): MadeWrite {
  return { path: `/registry/svc/${id}`, value, owner: "s" };
}

/** a leads from 1 on, nobody from 3 on, b from 4 on. */
function made(shown: readonly string[], due: number | null): MadeLog {
  const log = new MadeLog();
  log.write("a", record(["a"]), waiter("a"));
  log.write("b", { path: "/else", value: "" });
  log.write("a", gone("a"), { path: `${base}/grant`, value: undefined });
  log.write("b", record(["b"]), waiter("b"));
  const dues = due === null ? [] : [{ revision: due, count: shown.length }];
  log.ledger.followed.push({ what: "election/e0", who: "c", shown: [...shown], dues });
  judgeFollowers(log);
  return log;
}

describe("those who follow", () => {
  test("are shown what was there, in order, whatever they miss", () => {
    for (const shown of [
      ["nobody", leader("a", 1), "nobody", leader("b", 4)],
      ["nobody", leader("b", 4)],
      [leader("a", 1), leader("b", 4)],
    ])
      expect(made(shown, 4).broken).toEqual([]);
    expect(made([leader("a", 1)], null).broken).toEqual([]);
  });

  test("FollowersTrue notices what never was, what went back, and what was not shown in the end", () => {
    expect(made([leader("a", 2)], null).broken).toEqual(["FollowersTrue"]);
    expect(made([leader("b", 4), leader("a", 1)], null).broken).toEqual(["FollowersTrue"]);
    expect(made([leader("a", 1)], 4).broken).toEqual(["FollowersTrue"]);
    expect(made([leader("a", 1)], 2).broken).toEqual([]);
  });

  test("FollowersTrue notices a look at registrations that is out of date, or amid a command", () => {
    const log = new MadeLog();
    log.write("s", registered("x", ""), registered("y", ""));
    log.write("s", registered("x", undefined));
    const look = (shown: string, least: number, most: number): void => {
      log.ledger.looks.push({ what: "registrations", who: "c", shown, least, most });
    };
    look("", 0, 1);
    look("x@1 y@1", 1, 1);
    look("y@1", 1, 2);
    judgeFollowers(log);
    expect(log.broken).toEqual([]);
    look("x@1", 0, 2);
    look("x@1 y@1", 2, 2);
    judgeFollowers(log);
    expect(log.findings.all).toHaveLength(2);
    expect(log.broken).toEqual(["FollowersTrue"]);
  });
});

test("RegistrationOwned notices whoever takes out another's, unless it means to", () => {
  const log = new MadeLog();
  const path = "/registry/svc/x";
  log.write("s", { path, value: "", owner: "s" });
  log.write("s", { path, value: undefined });
  log.write("s", { path, value: "", owner: "s" });
  log.ledger.swept.add(`t ${path}`);
  log.write("t", { path, value: undefined });
  judgeRegistrations(log);
  expect(log.broken).toEqual([]);
  log.write("s", { path, value: "", owner: "s" });
  log.write("u", { path, value: undefined });
  judgeRegistrations(log);
  expect(log.broken).toEqual(["RegistrationOwned"]);
});
