import { incarnationOf, memberOf } from "./members.ts";
import type { NamedChange, Scope } from "./scope.ts";

const trio = ["a", "b", "c"];
const plain = {
  voters: trio,
  learners: [],
  joiners: [],
  founding: false,
  leases: false,
  batch: 1024,
  waits: [],
  prologue: ["timeout a"],
  cut: [],
  changes: [],
  script: null,
  deviations: 0,
} as const;

/** Lease reads are on, and the leader has its lease. */
const leased = {
  ...plain,
  leases: true,
  waits: [0, 2, 1],
  prologue: ["pass", "pass", "pass", "pass"],
} as const;

const calmly = { ...plain, script: [], deviations: 0 } as const;

function adding(id: string): NamedChange {
  return { name: `add-${id}`, changes: [{ type: "add", ...memberOf(id), promote: false }] };
}

/** With what it has after it lost everything once. */
function readding(id: string): NamedChange {
  const member = { ...memberOf(id), incarnation: incarnationOf(id, 1) };
  return { name: `readd-${id}`, changes: [{ type: "add", ...member, promote: false }] };
}

function promoting(id: string): NamedChange {
  return { name: `promote-${id}`, changes: [{ type: "promote", id }] };
}

function removing(id: string): NamedChange {
  return { name: `remove-${id}`, changes: [{ type: "remove", id }] };
}

function replacing(old: string, id: string): NamedChange {
  return {
    name: `replace-${old}`,
    changes: [
      { type: "promote", id },
      { type: "remove", id: old },
    ],
  };
}

/** Everything in every order, in few steps. */
const full: readonly Scope[] = [
  {
    ...plain,
    name: "elections",
    title: "three voters that nobody leads",
    prologue: [],
    budget: { timeout: 2, hold: 1, reboot: 1 },
  },
  {
    ...plain,
    name: "founding",
    title: "founders that have not written down who they are",
    founding: true,
    prologue: [],
    budget: { timeout: 2, reboot: 1 },
  },
  {
    ...plain,
    name: "pair",
    title: "two voters, messages late, lost and twice",
    voters: ["a", "b"],
    budget: { timeout: 2, propose: 1, hold: 1, reboot: 1, overtake: 1, drop: 1, repeat: 1 },
  },
  {
    ...plain,
    name: "log",
    title: "a leader is replaced while it is handed entries",
    budget: { propose: 1, timeout: 1, hold: 1, reboot: 1 },
  },
  {
    ...plain,
    name: "reads",
    title: "reads while a leader is replaced",
    budget: { read: 1, propose: 1, timeout: 1, beat: 1 },
  },
  {
    ...plain,
    name: "reads-late",
    title: "reads of a leader that reaches one of two voters, late",
    cut: [["a", "c"]],
    budget: { read: 1, propose: 1, timeout: 1, beat: 1 },
  },
  {
    ...leased,
    name: "leases",
    title: "lease reads of a leader that is cut off while another one is elected",
    cut: [
      ["a", "b"],
      ["a", "c"],
    ],
    budget: { pass: 7, read: 1, propose: 1 },
  },
  {
    ...leased,
    name: "leases-late",
    title: "lease reads of a leader that reaches one of two voters, late",
    cut: [["a", "c"]],
    budget: { pass: 5, read: 1, propose: 1 },
  },
  {
    ...leased,
    name: "leases-reboot",
    title: "lease reads of a leader whose voter starts again",
    cut: [["a", "c"]],
    budget: { pass: 5, read: 1, reboot: 1 },
  },
  {
    ...leased,
    name: "leases-transfer",
    title: "lease reads while a leader hands over",
    budget: { pass: 1, read: 1, propose: 1, transfer: 1 },
  },
  {
    ...plain,
    name: "transfer",
    title: "a leader hands over, and another one tries to lead",
    budget: { transfer: 1, propose: 1, timeout: 1 },
  },
  {
    ...plain,
    name: "snapshots",
    title: "who fell behind is sent a snapshot",
    budget: { propose: 1, snapshot: 1, relink: 1, beat: 1, reboot: 1 },
  },
  {
    ...plain,
    name: "promotion",
    title: "a learner becomes a voter while a leader is replaced",
    voters: ["a", "b"],
    learners: ["c"],
    changes: [promoting("c")],
    budget: { change: 1, timeout: 1, propose: 1 },
  },
  {
    ...plain,
    name: "removal",
    title: "a voter, or the leader, is removed while another one tries to lead",
    changes: [removing("a"), removing("c")],
    budget: { change: 1, timeout: 1 },
  },
  {
    ...plain,
    name: "replacement",
    title: "a voter is replaced in a joint configuration while another one tries to lead",
    voters: ["a", "b"],
    learners: ["c"],
    changes: [replacing("b", "c"), replacing("a", "c")],
    budget: { change: 1, timeout: 1 },
  },
  {
    ...plain,
    name: "wiped",
    title: "a voter loses all its data, comes back under its name and is added again",
    changes: [readding("b")],
    budget: { wipe: 1, change: 1, timeout: 1 },
  },
];

const everything = {
  timeout: 9,
  beat: 9,
  hold: 2,
  reboot: 2,
  propose: 9,
  read: 9,
  snapshot: 9,
  relink: 1,
  isolate: 2,
  heal: 2,
  transfer: 9,
  change: 9,
  overtake: 1,
  drop: 1,
  repeat: 1,
} as const;

/** Rare things happen once all that happens by itself has, and in the midst of it now and then. */
const calm: readonly Scope[] = [
  {
    ...calmly,
    name: "calm-log",
    title: "members are cut off and come back, and leaders are replaced",
    budget: { propose: 2, timeout: 2, isolate: 2, heal: 1, lapse: 1 },
  },
  {
    ...calmly,
    name: "calm-writes",
    title: "the same, with writes that take their time",
    budget: { propose: 1, timeout: 2, isolate: 1, heal: 1, lapse: 1, hold: 1, reboot: 1 },
  },
  {
    ...calmly,
    name: "calm-batches",
    title: "the same, one entry in an append",
    batch: 1,
    budget: { propose: 1, timeout: 3, isolate: 3, heal: 2, lapse: 1 },
  },
  {
    ...calmly,
    name: "calm-snapshots",
    title: "the same, with snapshots",
    budget: { propose: 2, timeout: 1, isolate: 1, heal: 1, snapshot: 2 },
  },
  {
    ...calmly,
    name: "calm-learner",
    title: "a learner that was cut off is sent a snapshot with other members in it",
    learners: ["d"],
    changes: [promoting("d"), removing("c")],
    budget: { change: 1, timeout: 1, isolate: 1, heal: 1, snapshot: 1, propose: 1 },
  },
  {
    ...calmly,
    name: "calm-members",
    title: "members come and go, are cut off and come back",
    joiners: ["d"],
    changes: [adding("d"), promoting("d"), removing("a"), removing("c"), replacing("b", "d")],
    budget: { change: 3, timeout: 2, isolate: 2, heal: 2, lapse: 1, propose: 1, beat: 1 },
  },
  {
    ...calmly,
    name: "calm-four",
    title: "voters come and go, four and three of them",
    voters: ["a", "b", "c", "d"],
    changes: [removing("a"), removing("b"), removing("d")],
    budget: { change: 2, timeout: 2, isolate: 3, heal: 3, lapse: 1 },
  },
  {
    ...calmly,
    name: "calm-transfer",
    title: "hand-overs and reads, members are cut off and come back",
    budget: { transfer: 2, timeout: 1, isolate: 1, heal: 1, propose: 2, read: 2, lapse: 1 },
  },
];

/** A longer story, left now and then. */
const deep: readonly Scope[] = [
  {
    ...plain,
    name: "deep-log",
    title: "entries and elections one after the other",
    script: [
      "propose leader",
      "beat leader",
      "timeout b",
      "propose leader",
      "timeout c",
      "propose leader",
      "beat leader",
    ],
    deviations: 2,
    budget: everything,
  },
  {
    ...plain,
    name: "deep-snapshots",
    title: "entries, snapshots and elections one after the other",
    script: [
      "propose leader",
      "snapshot leader",
      "propose leader",
      "timeout b",
      "snapshot leader",
      "propose leader",
      "beat leader",
    ],
    deviations: 2,
    budget: everything,
  },
  {
    ...plain,
    name: "deep-members",
    title: "members come and go one after the other",
    joiners: ["d"],
    changes: [adding("d"), promoting("d"), removing("a"), removing("c"), replacing("b", "d")],
    script: [
      "change leader add-d",
      "beat leader",
      "change leader replace-b",
      "propose leader",
      "timeout d",
      "change leader remove-a",
      "propose leader",
    ],
    deviations: 2,
    budget: everything,
  },
  {
    ...plain,
    name: "deep-reads",
    title: "reads, hand-overs and elections one after the other",
    script: [
      "propose leader",
      "read b",
      "read leader",
      "transfer a>b",
      "read a",
      "propose leader",
      "read leader",
      "timeout c",
      "read leader",
    ],
    deviations: 2,
    budget: everything,
  },
];

export const scopes: readonly Scope[] = [...full, ...calm, ...deep];

/** @throws RangeError when there is none of that name */
export function scopeOf(name: string): Scope {
  const scope = scopes.find((one) => one.name === name);
  if (scope === undefined) throw new RangeError(`no scope is called ${name}`);
  return scope;
}
