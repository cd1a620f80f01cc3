import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeCommand, Machine } from "../src/index.ts";
import type { KvCommand, MachineSnapshot } from "../src/index.ts";
import { makeCommand, run } from "./arbitraries.ts";
import type { Step } from "./arbitraries.ts";
import { GoldenModel } from "./golden-model.ts";
import { allOf, dump, join, plainEvents, readable, readableEvents } from "./support.ts";

function byId<T>(record: Record<string, T>): [string, T][] {
  return Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function goldenDump(golden: GoldenModel): unknown {
  const { state } = golden;
  return {
    revision: state.revision,
    nodes: golden.paths().map((path) => ({ path, value: state.nodes[path]?.value, stat: golden.stat(path) })),
    sessions: byId(state.sessions).map(([id, { ttlMs, attach, acked, results }]) => ({
      id,
      ttlMs,
      attach,
      lastSeq: acked + results.length,
      ...golden.holdings(id),
    })),
    leases: byId(state.leases).map(([id, lease]) => ({ id, ...lease })),
    results: byId(state.sessions).map(([, { acked, results }]) =>
      results.map((result, at) => [acked + 1 + at, result]),
    ),
  };
}

function restored(machine: Machine): Machine {
  const other = new Machine();
  other.restore(join(machine.snapshot().chunks()));
  return other;
}

interface World {
  readonly golden: GoldenModel;
  /** Never restored. */
  readonly steady: Machine;
  /** Goes through a snapshot now and then. */
  moved: Machine;
  index: number;
  readonly frozen: {
    readonly snapshot: MachineSnapshot;
    readonly expected: unknown;
    readonly digest: string;
  }[];
}

/** Pages of every size add up to the same nodes. */
function expectReapable({ golden, moved }: World, timeMs: number): void {
  const over = golden.paths().filter((path) => golden.isOver(path, timeMs));
  for (const [limit, looks] of [[1, 9] as const, [9, 1] as const, [2, 3] as const]) {
    const found: string[] = [];
    let after: string | null = null;
    do {
      const page = moved.reapable({ timeMs, after, limit, looks });
      expect(page.paths.length).toBeLessThanOrEqual(limit);
      found.push(...page.paths);
      after = page.next;
    } while (after !== null);
    expect(found).toEqual(over);
  }
}

function applyToAll(world: World, command: KvCommand): void {
  const payload = encodeCommand(command);
  world.index += 1;
  const at = { index: world.index, timeMs: 1_000_000 + world.index * 3 };
  const expected = world.golden.apply(command, at.timeMs);
  const first = world.steady.apply(payload, at);
  const second = world.moved.apply(payload, at);
  expect(readable(first)).toEqual(expected);
  expect(second).toEqual(first);
  if (first.type === "answered" && second.type === "answered") expect(second.result).toEqual(first.result);
  const events = world.steady.takeEvents();
  expect(readableEvents(events)).toEqual(world.golden.events);
  expect(plainEvents(world.moved.takeEvents())).toEqual(plainEvents(events));
  for (const [ordinal, event] of events.entries()) {
    expect(event).toMatchObject({ revision: world.golden.state.revision, ordinal });
  }
  expectReapable(world, at.timeMs);
  for (const path of ["/", "/a", "/a/x", "/a-b", "/none"])
    expect(world.moved.usage(path)).toEqual(world.golden.usage(path));
}

function advance(world: World, next: Step): void {
  if (next.kind === "restore") {
    world.moved = restored(world.moved);
  } else if (next.kind === "freeze") {
    const snapshot = world.steady.snapshot();
    world.frozen.push({ snapshot, expected: dump(world.steady), digest: world.steady.digest() });
  } else {
    applyToAll(world, makeCommand(next, world.golden.state));
  }
  const { golden } = world;
  expect(dump(world.steady)).toEqual(goldenDump(golden));
  expect(world.moved.digest()).toBe(world.steady.digest());
}

test("any commands do what the golden model says, on a machine restored at any point too", () => {
  fc.assert(
    fc.property(run(60), (steps) => {
      const machine = new Machine();
      const world: World = {
        golden: new GoldenModel(),
        steady: machine,
        moved: new Machine(),
        index: 0,
        frozen: [],
      };
      for (const next of steps) advance(world, next);
      expect(dump(world.moved)).toEqual(dump(world.steady));
      for (const { snapshot, expected, digest } of world.frozen) {
        const other = new Machine();
        other.restore(join(snapshot.chunks()));
        expect(dump(other)).toEqual(expected);
        expect(other.digest()).toBe(digest);
      }
    }),
    { numRuns: 250 },
  );
}, 120_000);

test("the stream of events folds into the tree, and each revision is one uninterrupted run of ordinals", () => {
  fc.assert(
    fc.property(run(80), (steps) => {
      const golden = new GoldenModel();
      const machine = new Machine();
      const folded = new Map<string, number[]>([["/", []]]);
      let index = 0;
      for (const next of steps) {
        if (next.kind === "restore" || next.kind === "freeze") continue;
        const command = makeCommand(next, golden.state);
        index += 1;
        golden.apply(command, index);
        const before = machine.token;
        machine.apply(encodeCommand(command), { index, timeMs: index });
        const events = machine.takeEvents();
        const kept = machine.history.since(before);
        expect(kept === "gap" ? kept : plainEvents(kept)).toEqual(plainEvents(events));
        for (const { type, path, node } of events) {
          expect(folded.has(path)).toBe(type !== "created");
          if (node === null) folded.delete(path);
          else folded.set(path, [...node.value]);
        }
      }
      const tree = allOf(machine).map(({ path, node }) => [path, [...node.value]] as const);
      expect([...folded].toSorted(([a], [b]) => (a < b ? -1 : 1))).toEqual(tree);
    }),
    { numRuns: 200 },
  );
}, 120_000);

test("events and answers say the same however late they are read", () => {
  fc.assert(
    fc.property(run(80), (steps) => {
      const golden = new GoldenModel();
      const machine = new Machine();
      const late: (() => void)[] = [];
      let index = 0;
      for (const next of steps) {
        if (next.kind === "freeze") machine.snapshot();
        if (next.kind === "restore" || next.kind === "freeze") continue;
        const command = makeCommand(next, golden.state);
        index += 1;
        const expected = golden.apply(command, index);
        const expectedEvents = golden.events;
        const applied = machine.apply(encodeCommand(command), { index, timeMs: index });
        const events = machine.takeEvents();
        late.push(() => {
          expect(readable(applied)).toEqual(expected);
          expect(readableEvents(events)).toEqual(expectedEvents);
        });
      }
      for (const check of late) check();
    }),
    { numRuns: 200 },
  );
}, 120_000);

function outcomesOf(steps: readonly Step[], into: Set<string>): void {
  const golden = new GoldenModel();
  for (const [index, next] of steps.entries()) {
    if (next.kind === "restore" || next.kind === "freeze") continue;
    const command = makeCommand(next, golden.state);
    const applied = golden.apply(command, index * 3);
    if (applied.type === "reaped") {
      into.add(applied.paths.length > 0 ? "reaped" : "spared");
      continue;
    }
    if (applied.type === "refused") into.add(applied.why);
    else if (applied.type === "attach-refused") into.add(`attach ${applied.code}`);
    else if (applied.type !== "answered") into.add(applied.type);
    else if (applied.repeat) into.add("repeat");
    else if (command.type === "request") {
      const { ok, branch } = applied.result;
      into.add(`${command.operation.type} ${applied.result.ok ? "ok" : applied.result.code}`);
      if (branch !== undefined) into.add(`${branch} ${ok ? "done" : "failed"}`);
    }
    if (golden.events.length > 1) into.add("several events");
    if (command.type === "request" && command.operation.type === "delete" && golden.events.length > 1)
      into.add("several deleted at once");
  }
}

test("the random commands reach every rule", () => {
  const reached = new Set<string>();
  for (const steps of fc.sample(run(80), { numRuns: 700, seed: 7 })) {
    outcomesOf(steps, reached);
  }
  const tree = {
    create: "BAD_ARGUMENT BAD_PATH SESSION_EXPIRED NOT_FOUND EXISTS NO_CHILDREN_FOR_EPHEMERALS",
    set: "BAD_PATH NOT_FOUND FENCED BAD_VERSION CONDITION",
    put: "BAD_PATH NOT_FOUND FENCED BAD_VERSION CONDITION",
    delete: "BAD_PATH BAD_ARGUMENT NOT_FOUND FENCED BAD_VERSION CONDITION HAS_CHILDREN HELD",
    check: "BAD_PATH BAD_ARGUMENT NOT_FOUND FENCED BAD_VERSION CONDITION EXISTS",
    multi: "BAD_PATH NOT_FOUND FENCED BAD_VERSION EXISTS HAS_CHILDREN",
    grant: "BAD_ARGUMENT EXISTS",
    revoke: "BAD_ARGUMENT NOT_FOUND",
    doom: "NOT_FOUND",
    close: "",
  };
  const expected = Object.entries(tree).flatMap(([type, codes]) => [
    `${type} ok`,
    ...codes
      .split(" ")
      .filter((code) => code !== "")
      .map((code) => `${type} ERR_FLOTILLA_${code}`),
  ]);
  const others = [
    "no-session",
    "moved",
    "gap",
    "forgotten",
    "repeat",
    "attached",
    "expired",
    "several events",
    "several deleted at once",
    "then done",
    "then failed",
    "else done",
    "else failed",
    "reaped",
    "spared",
  ];
  const refusals = ["SESSION_EXPIRED", "BAD_ARGUMENT", "WRONG_SECRET", "MOVED", "EXISTS"];
  const attaches = refusals.map((code) => `attach ERR_FLOTILLA_${code}`);
  expect([...expected, ...others, ...attaches].filter((outcome) => !reached.has(outcome))).toEqual([]);
});
