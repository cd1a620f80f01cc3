import { expect, test } from "vitest";
import type { Configuration, Directory } from "../../src/core/config/configuration.ts";
import { judgePeer, readIdentity, writeIdentity } from "../../src/transport/peer-identity.ts";
import type { PeerIdentity } from "../../src/transport/peer-identity.ts";

const history = "a".repeat(32);
const incarnationOf = (id: string): string => id.repeat(32).slice(0, 32);

function configuration(index: number, ...ids: readonly string[]): Configuration {
  const voters = ids.map((id) => ({ id, address: `${id}:1`, incarnation: incarnationOf(id) }));
  return { index, historyId: history, voters, outgoing: [], learners: [], leaseReads: false };
}

const founding: Configuration = {
  ...configuration(0, "a", "b"),
  historyId: "",
  voters: ["a", "b"].map((id) => ({ id, address: `${id}:1`, incarnation: "" })),
};
const settled = known(configuration(9, "a", "b"), configuration(9, "a", "b"));

function known(current: Configuration, committed: Configuration): Directory {
  return { current, committed, historyId: current.historyId };
}

const peer: PeerIdentity = {
  id: "b",
  incarnation: incarnationOf("b"),
  historyId: history,
  version: 9,
  kind: "bulk",
  life: 1,
  attempt: 1,
  level: 1,
};

function verdict(change: Partial<PeerIdentity>, known: Directory = settled): string {
  return judgePeer({ ...peer, ...change }, "a", "bulk", known)?.code ?? "heard";
}

test("a member is heard, by the configuration in force or by the committed one", () => {
  expect(verdict({})).toBe("heard");
  const removing = known(configuration(10, "a"), configuration(9, "a", "b"));
  expect(verdict({}, removing)).toBe("heard");
  const adding = known(configuration(10, "a", "b"), configuration(9, "a"));
  expect(verdict({}, adding)).toBe("heard");
});

test.each([
  ["on a link of another kind than its protocol's", { kind: "control" as const }, "ERR_FLOTILLA_BAD_FRAME"],
  ["under this node's own id", { id: "a" }, "ERR_FLOTILLA_BAD_CONFIG"],
  ["of another history", { historyId: "f".repeat(32) }, "ERR_FLOTILLA_WRONG_CLUSTER"],
  [
    "with other data than the member had, of no history",
    { incarnation: incarnationOf("x"), historyId: "" },
    "ERR_FLOTILLA_WIPED",
  ],
  [
    "with other data than the member has, and no newer configuration",
    { incarnation: incarnationOf("x") },
    "ERR_FLOTILLA_REMOVED",
  ],
  ["that was removed", { id: "c", incarnation: incarnationOf("c"), version: 5 }, "ERR_FLOTILLA_REMOVED"],
  [
    "that nobody knows",
    { id: "c", incarnation: incarnationOf("c"), historyId: "", version: 0 },
    "ERR_FLOTILLA_BAD_CONFIG",
  ],
])("a side %s is refused", (_, change, code) => {
  expect(verdict(change)).toBe(code);
});

test("a stranger whose configuration is newer is heard, for it may be us who do not know yet", () => {
  expect(verdict({ id: "c", incarnation: incarnationOf("c"), version: 10 })).toBe("heard");
  expect(verdict({ id: "c", incarnation: incarnationOf("c"), version: 10, historyId: "" })).not.toBe("heard");
});

test("only a committed configuration says that somebody was removed", () => {
  const unknown = { id: "c", incarnation: incarnationOf("c"), version: 9 };
  const pending = known(configuration(9, "a", "b"), configuration(8, "a", "b", "d"));
  expect(verdict(unknown, pending)).toBe("ERR_FLOTILLA_BAD_CONFIG");
  const young = known(founding, founding);
  expect(verdict({ ...unknown, version: 0 }, young)).toBe("ERR_FLOTILLA_BAD_CONFIG");
});

test("a joiner answers for no history before a configuration names it: it may read of an earlier one", () => {
  const read = configuration(1, "b", "d");
  const joiner: Directory = { current: read, committed: read, historyId: "" };
  const later = { historyId: "f".repeat(32), version: 103 };
  expect(verdict(later, joiner)).toBe("heard");
  expect(verdict(later, { ...joiner, historyId: history })).toBe("ERR_FLOTILLA_WRONG_CLUSTER");
  expect(verdict({ historyId: "" })).toBe("heard");
});

test("an identity travels, and one of another shape is refused", () => {
  expect(readIdentity(writeIdentity(peer))).toEqual(peer);
  const fields = writeIdentity(peer) as unknown[];
  for (const broken of [
    [],
    fields.slice(1),
    [...fields, 1],
    fields.with(4, "other"),
    fields.with(3, -1),
    "b",
  ])
    expect(() => readIdentity(broken)).toThrow(expect.objectContaining({ code: "ERR_FLOTILLA_BAD_FRAME" }));
});
