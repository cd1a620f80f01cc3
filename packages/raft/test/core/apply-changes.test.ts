import { FlotillaError } from "@flotilla/runtime";
import fc from "fast-check";
import { expect, test } from "vitest";
import { applyChanges, type MemberChange } from "../../src/core/config/apply-changes.ts";
import { decodeConfiguration, encodeConfiguration } from "../../src/core/config/config-codec.ts";
import { isJoint, leaveJoint, type Membership, membersOf } from "../../src/core/config/configuration.ts";
import { founded, incarnationOf, jointOf } from "./member.ts";

const trio = founded(["a", "b", "c"]);

function add(id: string, promote: boolean = false, incarnation: string = incarnationOf(id)): MemberChange {
  return { type: "add", id, address: `${id}:1`, incarnation, promote };
}

function moveTo(address: string): MemberChange {
  return { type: "address", id: "a", address };
}

function list(members: Membership["voters"]): string {
  return members.map(({ id }) => id).join("");
}

function many(count: number): string[] {
  return Array.from({ length: count }, (_, k) => `n${100 + k}`);
}

/** `voters | outgoing | learners`, a learner that waits for its promotion with a `+`. */
function shape({ voters, outgoing, learners }: Membership): string {
  const waiting = learners.map(({ id, promote }) => `${id}${promote ? "+" : ""}`).join("");
  return `${list(voters)}|${list(outgoing)}|${waiting}`;
}

function after(from: Membership, ...changes: readonly MemberChange[]): string {
  return shape(applyChanges(from, changes));
}

function refusal(from: Membership, ...changes: readonly MemberChange[]): string {
  try {
    applyChanges(from, changes);
  } catch (error) {
    if (FlotillaError.is(error)) return error.code;
    throw error;
  }
  return "none";
}

test("changes of learners and of one voter are simple", () => {
  expect(after(trio, add("d"))).toBe("abc||d");
  expect(after(trio, add("d", true), add("e"))).toBe("abc||d+e");
  expect(after(trio, add("d"), { type: "promote", id: "d" })).toBe("abcd||");
  expect(after(trio, { type: "demote", id: "a" })).toBe("bc||a");
  expect(after(trio, { type: "remove", id: "a" }, add("d"))).toBe("bc||d");
});

test("changes of more voters go through a joint configuration, in which who is demoted still votes", () => {
  const both: MemberChange[] = [add("d"), { type: "promote", id: "d" }, { type: "remove", id: "a" }];
  expect(after(trio, ...both)).toBe("bcd|abc|");
  const demoted = applyChanges(trio, [
    { type: "demote", id: "a" },
    { type: "demote", id: "b" },
  ]);
  expect(shape(demoted)).toBe("c|abc|ab");
  expect(membersOf(demoted).map(({ id, role }) => `${id} ${role}`)).toEqual([
    "a outgoing",
    "b outgoing",
    "c voter",
  ]);
  expect(shape(leaveJoint(demoted))).toBe("c||ab");
});

test("roles of a joint configuration tell who comes, goes and stays", () => {
  const roles = membersOf(jointOf(["b", "c"], ["a", "b"], ["d"])).map(({ id, role }) => `${id} ${role}`);
  expect(roles).toEqual(["a outgoing", "b voter", "c incoming", "d learner"]);
});

test("new data under a known id takes the place of the old, as a learner", () => {
  const other = "f".repeat(32);
  const replaced = applyChanges(trio, [add("c", true, other)]);
  expect(shape(replaced)).toBe("ab||c+");
  expect(replaced.learners[0]?.incarnation).toBe(other);
  const again = applyChanges(replaced, [add("c", false, "e".repeat(32))]);
  expect([shape(again), again.learners[0]?.incarnation]).toEqual(["ab||c", "e".repeat(32)]);
  expect(refusal(trio, add("c", false, other), { type: "remove", id: "a" })).toBe("ERR_FLOTILLA_BAD_CHANGE");
  expect(refusal(trio, add("c", false, other), { type: "promote", id: "c" })).toBe("ERR_FLOTILLA_BAD_CHANGE");
});

test("what is so already changes nothing", () => {
  const withLearner = applyChanges(trio, [add("d")]);
  expect(applyChanges(withLearner, [add("d"), add("a"), { type: "promote", id: "a" }])).toEqual(withLearner);
  expect(applyChanges(trio, [{ type: "lease-reads", on: false }])).toEqual(leaveJoint(trio));
});

test("addresses and the lease setting change alone, or with the rest", () => {
  const moved = applyChanges(trio, [
    { type: "address", id: "b", address: "[::1]:9" },
    { type: "lease-reads", on: true },
  ]);
  expect(moved).toMatchObject({ outgoing: [], leaseReads: true, voters: [{}, { address: "[::1]:9" }, {}] });
  const joint = applyChanges(trio, [
    { type: "remove", id: "a" },
    { type: "remove", id: "c" },
    { type: "address", id: "b", address: "b:2" },
  ]);
  expect(joint.outgoing.find(({ id }) => id === "b")?.address).toBe("b:2");
});

test.each<[string, Membership, readonly MemberChange[], string]>([
  ["in a joint configuration", jointOf(["a"], ["b"]), [add("c")], "ERR_FLOTILLA_CHANGE_PENDING"],
  ["nothing at all", trio, [], "ERR_FLOTILLA_BAD_CHANGE"],
  ["too much at once", trio, Array.from({ length: 63 }, () => add("d")), "ERR_FLOTILLA_BAD_CHANGE"],
  ["to promote nobody", trio, [{ type: "promote", id: "x" }], "ERR_FLOTILLA_BAD_CHANGE"],
  ["to remove nobody", trio, [{ type: "remove", id: "x" }], "ERR_FLOTILLA_BAD_CHANGE"],
  ["no voter", founded(["a"]), [{ type: "demote", id: "a" }], "ERR_FLOTILLA_BAD_CHANGE"],
  ["a bad id", trio, [add("a b")], "ERR_FLOTILLA_BAD_CHANGE"],
  ["a bad incarnation", trio, [add("d", false, "0")], "ERR_FLOTILLA_BAD_CHANGE"],
  ["another's data", trio, [add("d", false, incarnationOf("a"))], "ERR_FLOTILLA_BAD_CHANGE"],
  ["a bad address", trio, [{ type: "address", id: "a", address: "a" }], "ERR_FLOTILLA_BAD_CHANGE"],
  [
    "an address to listen on",
    trio,
    [{ ...add("d"), address: "0.0.0.0:1" } as MemberChange],
    "ERR_FLOTILLA_BAD_CHANGE",
  ],
  [
    "to move to all of IPv6",
    trio,
    [{ type: "address", id: "a", address: "[::]:1" }],
    "ERR_FLOTILLA_BAD_CHANGE",
  ],
  [
    "what cannot be dialed",
    trio,
    [{ type: "address", id: "a", address: "[1:2]:9" }],
    "ERR_FLOTILLA_BAD_CHANGE",
  ],
  ["a zone", trio, [{ type: "address", id: "a", address: "[fe80::1%eth0]:9" }], "ERR_FLOTILLA_BAD_CHANGE"],
  ["no port", trio, [{ type: "address", id: "a", address: "a:0" }], "ERR_FLOTILLA_BAD_CHANGE"],
  ["a voter elsewhere", trio, [{ ...add("a"), address: "z:1" } as MemberChange], "ERR_FLOTILLA_BAD_CHANGE"],
])("refused: %s", (_, from, changes, code) => {
  expect(refusal(from, ...changes)).toBe(code);
});

test("there are bounds on voters and learners", () => {
  const full = founded(many(31));
  expect(refusal(full, add("z"), { type: "promote", id: "z" })).toBe("ERR_FLOTILLA_BAD_CHANGE");
  const learners = applyChanges(
    trio,
    many(31).map((id) => add(id)),
  );
  expect(refusal(learners, add("z"))).toBe("ERR_FLOTILLA_BAD_CHANGE");
});

const ids = ["a", "b", "c", "d", "e"];
const change: fc.Arbitrary<MemberChange> = fc.oneof(
  fc.record({
    type: fc.constant("add" as const),
    id: fc.constantFrom(...ids),
    address: fc.constant("x:1"),
    incarnation: fc.constantFrom(...ids.map(incarnationOf), "e".repeat(32), "f".repeat(32)),
    promote: fc.boolean(),
  }),
  fc.record({
    type: fc.constantFrom("promote" as const, "demote" as const, "remove" as const),
    id: fc.constantFrom(...ids),
  }),
  fc.record({
    type: fc.constant("address" as const),
    id: fc.constantFrom(...ids),
    address: fc.constant("y:1"),
  }),
);

function majorities(names: readonly string[]): string[][] {
  const subsets = names.reduce<string[][]>(
    (all, name) => [...all, ...all.map((some) => [...some, name])],
    [[]],
  );
  return subsets.filter((some) => some.length * 2 > names.length);
}

function names(members: Membership["voters"]): string[] {
  return members.map(({ id, incarnation }) => `${id}/${incarnation}`);
}

/** True when every majority of `a` meets every majority of `b`. */
function allMeet(a: readonly string[], b: readonly string[]): boolean {
  const others = majorities(b);
  return majorities(a).every((some) => others.every((other) => other.some((name) => some.includes(name))));
}

test("whatever is asked for, quorums of one configuration and the next have a member in common", () => {
  fc.assert(
    fc.property(fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { maxLength: 8 }), (rounds) => {
      let now: Membership = trio;
      for (const changes of rounds) {
        let next: Membership;
        try {
          next = applyChanges(now, changes);
        } catch (error) {
          if (!FlotillaError.is(error, "ERR_FLOTILLA_BAD_CHANGE")) throw error;
          continue;
        }
        // A quorum of a joint configuration holds one of each half: one half that meets the neighbour is enough.
        if (isJoint(next))
          expect(names(next.outgoing).map((name) => name.split("/")[0])).toEqual(
            now.voters.map(({ id }) => id),
          );
        else expect(allMeet(names(now.voters), names(next.voters))).toBe(true);
        expect(decodeConfiguration(encodeConfiguration(next), 3)).toEqual({ ...next, index: 3 });
        now = leaveJoint(next);
      }
    }),
  );
});

test("an address is one member's, and one that can be dialed", () => {
  const incarnation = incarnationOf("d");
  const addAt = (address: string): MemberChange => ({
    type: "add",
    id: "d",
    address,
    incarnation,
    promote: false,
  });
  for (const address of ["b:1", "x:0", "0.0.0.0:1", "[::]:1"])
    for (const change of [moveTo(address), addAt(address)])
      expect(refusal(trio, change)).toBe("ERR_FLOTILLA_BAD_CHANGE");
  expect(refusal(trio, moveTo("x:1"), addAt("a:1"))).toBe("none");
  // As it is kept already, it stays.
  const shared = { ...trio, voters: trio.voters.map((voter) => ({ ...voter, address: "x:0" })) };
  expect(refusal(shared, { type: "demote", id: "b" })).toBe("none");
});
