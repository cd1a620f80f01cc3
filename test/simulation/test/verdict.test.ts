import type { PlacedNode, WatchStream } from "@flotilla/history";
import type { TreeEvent } from "@flotilla/kv";
import { forbidGlobals } from "@flotilla/runtime/sim";
import { beforeAll, expect, test } from "vitest";
import { Findings } from "../src/world/findings.ts";
import type { GoldenCommand } from "../src/world/golden-log.ts";
import { liveWorld } from "../src/world/run-world.ts";
import type { PlacedBelief } from "../src/actors/belief-book.ts";
import { judge } from "../src/verdict/judge.ts";
import { leadership, orphansExpired, sameState } from "../src/world/convergence.ts";
import type { World } from "../src/world/world.ts";
import { smallPlan } from "./_support/small-plan.ts";

let world: World;

beforeAll(async () => {
  const restore = forbidGlobals();
  try {
    ({ world } = await liveWorld(smallPlan(11)));
  } finally {
    restore();
  }
}, 120_000);

/** What is found in what was recorded. */
function found(): Set<string> {
  const findings = new Findings(() => 0);
  Object.defineProperty(world, "findings", { value: findings, configurable: true });
  judge(world);
  return new Set(findings.all.map(({ invariant }) => invariant));
}

/** Puts another value in the place of one while judging. */
function foundWith<T extends object, K extends keyof T>(holder: T, key: K, value: T[K]): Set<string> {
  const own = Object.getOwnPropertyDescriptor(holder, key);
  Object.defineProperty(holder, key, { value, configurable: true, writable: true });
  try {
    return found();
  } finally {
    if (own === undefined) Reflect.deleteProperty(holder, key);
    else Object.defineProperty(holder, key, own);
  }
}

function belief(process: string, epoch: number, fromMs: number, toMs: number, places = 1): PlacedBelief {
  const [from_ns, to_ns] = [fromMs * 1e6, toMs * 1e6];
  return { kind: "belief", process, object: "lock", epoch, from_ns, to_ns, paused: [], places };
}

/** The first command that fits, and where it stands. */
function commandWhere(fits: (command: GoldenCommand) => boolean): { command: GoldenCommand; at: number } {
  const at = world.golden.commands.findIndex(fits);
  const command = world.golden.commands[at];
  if (command === undefined) throw new Error("no such command");
  return { command, at };
}

function commandsWith(at: number, command: GoldenCommand | null): GoldenCommand[] {
  const all = [...world.golden.commands];
  all.splice(at, 1, ...(command === null ? [] : [command]));
  return all;
}

test("a sound world has no violation", () => {
  expect(world.findings.all).toEqual([]);
  expect(found()).toEqual(new Set());
  expect(world.ledger.answered).toBeGreaterThan(100);
  expect(world.beliefs.count).toBeGreaterThan(2);
});

test("SessionFifo notices writes that took effect in another order than they were called", () => {
  const writes =
    [...world.ledger.writes.values()].find((each) => each.filter(({ zxid }) => zxid !== null).length > 3) ??
    [];
  const [first, second] = writes.filter(({ zxid }) => zxid !== null);
  if (first === undefined || second === undefined) throw new Error("no two writes");
  const zxid = first.zxid;
  first.zxid = (second.zxid ?? 0) + 1;
  expect(found()).toContain("SessionFifo");
  first.zxid = zxid;
});

test("SessionFifo notices another operation under the number of a call", () => {
  const writes = [...world.ledger.writes.values()].find((each) => each.length > 3) ?? [];
  const [first, ...rest] = writes;
  if (first === undefined) throw new Error("no writes");
  writes.splice(0, writes.length, { ...first, path: "/elsewhere" }, ...rest);
  expect(found()).toContain("SessionFifo");
  writes.splice(0, 1, first);
});

test("ExactlyOnce notices an effect that happened twice, and one that never did", () => {
  const { command, at } = commandWhere(
    ({ events, command: it }) => it?.type === "request" && it.operation.type === "set" && events.length > 0,
  );
  const twice = [...world.golden.commands, command];
  expect(foundWith(world.golden, "commands", twice)).toContain("ExactlyOnce");
  expect(foundWith(world.golden, "commands", commandsWith(at, null))).toContain("ExactlyOnce");
});

test("SingleHolder notices two who believe at once, by signal or by assert", () => {
  const both = [belief("a", 900_001, 1000, 2000), belief("b", 900_002, 1500, 2500)];
  expect(foundWith(world.beliefs, "bySignal", () => both)).toContain("SingleHolder");
  expect(foundWith(world.beliefs, "byAssert", () => both)).toContain("SingleHolder");
});

test("SingleHolder notices more who hold at once than there are places", () => {
  const three = ["a", "b", "c"].map((process, at) => belief(process, 900_001 + at, 1000 + at * 100, 2000, 2));
  for (const book of ["bySignal", "byAssert"] as const) {
    expect(foundWith(world.beliefs, book, () => three)).toContain("SingleHolder");
    expect(foundWith(world.beliefs, book, () => three.slice(1))).not.toContain("SingleHolder");
  }
});

test("SingleHolder notices a fenced write after the next grant", () => {
  const beliefs = [belief("a", 900_001, 1000, 2000), belief("b", 900_002, 2500, 3500)];
  world.ledger.fenced.push({ object: "lock", epoch: 900_001, revision: 900_003 });
  expect(foundWith(world.beliefs, "byAssert", () => beliefs)).toContain("SingleHolder");
  world.ledger.fenced.pop();
  expect(foundWith(world.beliefs, "byAssert", () => beliefs)).not.toContain("SingleHolder");
});

test("EpochMonotone notices an epoch that went back", () => {
  const beliefs = [belief("a", 900_002, 1000, 2000), belief("b", 900_001, 2500, 3500)];
  expect(foundWith(world.beliefs, "byAssert", () => beliefs)).toContain("EpochMonotone");
});

test("LeaseBound notices a lease that ended too early", () => {
  const { command, at } = commandWhere(
    ({ applied, atMs }) => applied.type === "expired" && atMs > 10_000 && applied.leases.length > 0,
  );
  const early = { ...command, atMs: command.atMs - 1000 };
  expect(foundWith(world.golden, "commands", commandsWith(at, early))).toContain("LeaseBound");
});

/** Where the events of a stream stand that no gap excuses. */
function eventsIn({ delivered }: WatchStream): number[] {
  if (delivered.some(({ kind }) => kind === "gap")) return [];
  return delivered.flatMap(({ kind }, at) => (kind === "event" ? [at] : []));
}

test("WatchComplete notices an event that is missing", () => {
  const watch = world.ledger.watches.find(({ stream }) => eventsIn(stream).length > 4);
  if (watch === undefined) throw new Error("no busy watch");
  const delivered = watch.stream.delivered.toSpliced(eventsIn(watch.stream)[2] ?? 0, 1);
  expect(foundWith(watch, "stream", { ...watch.stream, delivered })).toContain("WatchComplete");
});

test("WatchComplete notices a stream that stopped before it had told everything", () => {
  const watch = world.ledger.watches.find(({ due, stream }) => due !== null && eventsIn(stream).length > 1);
  if (watch === undefined) throw new Error("no watch that lived to the end");
  const delivered = watch.stream.delivered.slice(0, eventsIn(watch.stream).at(-1));
  expect(foundWith(watch, "stream", { ...watch.stream, delivered })).toContain("WatchComplete");
});

test("EventBeforeRead notices an answer that came before an event", () => {
  const { command } = commandWhere(({ events }) => events.length > 0);
  const { path, revision: from } = command.events[0]!;
  const armed = { session: "s", kind: "watch-armed", watch: "w", path, watchKind: "data", from } as const;
  const deliveries = [armed, { session: "s", kind: "answer", revision: from } as const];
  expect(foundWith(world.ledger, "deliveries", () => deliveries)).toContain("EventBeforeRead");
});

test("LinearizableHistory notices an answer that was out of date", () => {
  const ops = world.history.ops();
  const write = ops.find(({ op, outcome }) => op.type === "create" && outcome === "ok");
  if (write?.return_ns === undefined || write.return_ns === null) throw new Error("no create");
  const at = write.return_ns + 1;
  const read = {
    id: 1e6,
    client: 1e6,
    op: { type: "get" as const, path: write.op.path },
    invoke_ns: at,
    return_ns: at,
  };
  const stale = [
    ...ops.filter((each) => each === write),
    { ...read, outcome: "fail" as const, result: { error: "NO_NODE" } },
  ];
  expect(foundWith(world.history, "ops", () => stale)).toContain("LinearizableHistory");
  expect(foundWith(world.history, "ops", () => [write])).not.toContain("LinearizableHistory");
});

test("LinearizableHistory notices local reads that are too old or that show what never was", () => {
  // A root is never deleted.
  const { path, revision, node } = world.golden.commands
    .flatMap(({ events }) => events)
    .find((event) => event.path === "/w")!;
  const read = {
    session: "s",
    level: "local" as const,
    path,
    mzxid: revision,
    version: node?.stat.version ?? 0,
    value: null,
  };
  expect(foundWith(world.ledger, "reads", [{ ...read, seen: revision }])).not.toContain(
    "LinearizableHistory",
  );
  expect(foundWith(world.ledger, "reads", [{ ...read, seen: revision, value: "never" }])).toContain(
    "LinearizableHistory",
  );
  const absent = { ...read, mzxid: null, version: null };
  expect(foundWith(world.ledger, "reads", [{ ...absent, seen: 0 }])).not.toContain("LinearizableHistory");
  expect(foundWith(world.ledger, "reads", [{ ...absent, seen: revision }])).toContain("LinearizableHistory");
});

test("LinearizableHistory notices a list of children that there never was", () => {
  const { children } = world.ledger;
  expect(children.length).toBeGreaterThan(0);
  const wrong = children.map((list) => ({ ...list, names: [...list.names, "zzz"] }));
  expect(foundWith(world.ledger, "children", wrong)).toContain("LinearizableHistory");
});

test("PastReads notices a member that remembers a change otherwise, and one that lacks it", () => {
  const { command, at } = commandWhere(({ events }) => events.some(({ node }) => node !== null));
  const events = command.events.map((event) => {
    const { node } = event;
    return node === null ? event : { ...event, node: { ...node, value: new Uint8Array(3) } };
  });
  expect(foundWith(world.golden, "commands", commandsWith(at, { ...command, events }))).toContain(
    "PastReads",
  );
  expect(foundWith(world.golden, "commands", commandsWith(at, null))).toContain("PastReads");
});

test("the tree's own invariants are noticed when broken", () => {
  const { command, at } = commandWhere(({ events }) => events.some(({ path }) => /^\/m\/\d+a$/.test(path)));
  for (const lacking of ["a", "b"]) {
    const half = { ...command, events: command.events.filter(({ path }) => !path.endsWith(lacking)) };
    expect(foundWith(world.golden, "commands", commandsWith(at, half))).toContain("MultiAtomic");
  }

  const sequential = commandWhere(({ events }) =>
    events.some(({ type, path }) => type === "created" && path.startsWith("/q/n-")),
  );
  const twice = [...world.golden.commands, sequential.command];
  const broken = foundWith(world.golden, "commands", twice);
  expect(broken).toContain("SequenceUnique");
  expect(broken).toContain("RevisionMonotone");

  const asked = commandWhere(({ events }) => events.some(({ type }) => type === "deleted"));
  const unasked = { ...asked.command, applied: { type: "reaped" as const, paths: [] } };
  expect(foundWith(world.golden, "commands", commandsWith(asked.at, unasked))).toContain("ReapedOver");

  const owned = commandWhere(({ events }) =>
    events.some(({ type, node }) => type === "created" && typeof node?.stat.ephemeralOwner === "string"),
  );
  const owners = owned.command.events.map(({ node }) => node?.stat.ephemeralOwner ?? "");
  const owner = owners.find((each) => each !== "") ?? "";
  const ending = world.golden.commands.slice(0, owned.at + 1).map((each, index): GoldenCommand => {
    return index === owned.at ? { ...each, applied: { type: "expired", leases: [owner] } } : each;
  });
  expect(foundWith(world.golden, "commands", ending)).toContain("EphemeralOwned");
});

test("RevisionMonotone notices a revision that two commands made, one that none made, and changes that are out of order", () => {
  const { command, at } = commandWhere(({ events }) => events.length > 1);
  const eventsOf = (to: (event: TreeEvent) => Partial<TreeEvent>): GoldenCommand => ({
    ...command,
    events: command.events.map((event) => ({
      ...event,
      node: event.node,
      previous: event.previous,
      ...to(event),
    })),
  });
  for (const wrong of [
    ...[-1, 1].map((by) => eventsOf(({ revision }) => ({ revision: revision + by }))),
    eventsOf(({ ordinal }) => ({ ordinal: command.events.length - 1 - ordinal })),
    eventsOf(({ revision, ordinal }) => ({ revision: revision + Math.min(ordinal, 1) })),
  ])
    expect(foundWith(world.golden, "commands", commandsWith(at, wrong))).toContain("RevisionMonotone");
});

test("EphemeralOwned notices nodes that outlive their lease for a while, or have one that is over", () => {
  const { command, at } = commandWhere(
    ({ applied, events }) => applied.type === "expired" && events.length > 0,
  );
  const later = { ...command, applied: { type: "skipped" }, command: null } as unknown as GoldenCommand;
  const inTwo = world.golden.commands.toSpliced(at, 1, { ...command, events: [] }, later);
  expect(foundWith(world.golden, "commands", inTwo)).toContain("EphemeralOwned");

  const made = commandWhere(({ events }) =>
    events.some(({ type, node }) => type === "created" && typeof node?.stat.ephemeralOwner === "string"),
  );
  const owner = made.command.events.find(({ node }) => node !== null)?.node?.stat.ephemeralOwner ?? "";
  const close = {
    type: "request",
    session: owner,
    attach: 1,
    seq: 1,
    ack: 0,
    operation: { type: "close" },
  } as const;
  const result = { ok: true, revision: 0, results: [] } as const;
  const closing = { ...made.command, command: close, result, events: [] };
  expect(
    foundWith(world.golden, "commands", world.golden.commands.toSpliced(made.at + 1, 0, closing)),
  ).toContain("EphemeralOwned");
  const ownedBy = (ephemeralOwner: string): GoldenCommand => ({
    ...made.command,
    events: made.command.events.map((event) => {
      const { node } = event;
      return { ...event, node: node === null ? node : { ...node, stat: { ...node.stat, ephemeralOwner } } };
    }),
  });
  expect(foundWith(world.golden, "commands", commandsWith(made.at, ownedBy(owner)))).not.toContain(
    "EphemeralOwned",
  );
  expect(foundWith(world.golden, "commands", commandsWith(made.at, ownedBy("0")))).toContain(
    "EphemeralOwned",
  );
});

test("WatchValues notices a snapshot that lacks a node, and one that shows a node as it was not", () => {
  const watch = world.ledger.watches.find(({ stream }) =>
    stream.delivered.some((item) => item.kind === "snapshot" && (item.nodes ?? []).length > 0),
  );
  if (watch === undefined) throw new Error("no watch with a snapshot");
  const streamWith = (to: (nodes: readonly PlacedNode[]) => readonly PlacedNode[]): WatchStream => ({
    ...watch.stream,
    delivered: watch.stream.delivered.map((item) =>
      item.kind === "snapshot" ? { ...item, nodes: to(item.nodes ?? []) } : item,
    ),
  });
  expect(
    foundWith(
      watch,
      "stream",
      streamWith((nodes) => nodes.slice(1)),
    ),
  ).toContain("WatchValues");
  const older = streamWith((nodes) =>
    nodes.map(({ path, node }) => ({ path, node: { ...node, mzxid: node.mzxid - 1 } })),
  );
  expect(foundWith(watch, "stream", older)).toContain("WatchValues");
});

test("SessionOver notices a session that changes the tree after its end", () => {
  const { command, at } = commandWhere(
    ({ command: it, result, events }) =>
      it?.type === "request" && it.operation.type !== "close" && result?.ok === true && events.length > 0,
  );
  if (command.command?.type !== "request") throw new Error("not a request");
  const over = { ...command, applied: { type: "expired", leases: [command.command.session] }, events: [] };
  const ended = { ...over, command: null, result: null } as GoldenCommand;
  const all = world.golden.commands.toSpliced(at, 0, ended);
  expect(foundWith(world.golden, "commands", all)).toContain("SessionOver");
});

test("BudgetKept notices what goes beyond a budget, and a refusal that says what is not so", () => {
  const { command: made, at } = commandWhere(
    ({ command, events }) =>
      command?.type === "request" &&
      command.operation.type === "create" &&
      events.some(({ path }) => path.startsWith("/q/n-")),
  );
  if (made.command?.type !== "request") throw new Error("not a request");
  const request = made.command;
  const result = { ok: true, revision: 0, results: [] } as const;
  const bounded = (hard: number): GoldenCommand[] => {
    const operation = { type: "set-budget", path: "/q", budget: { nodes: { hard } } } as const;
    const all = [...world.golden.commands];
    all.splice(at, 0, { ...made, command: { ...request, seq: 0, operation }, events: [], result });
    return all;
  };
  expect(foundWith(world.golden, "commands", bounded(1))).toContain("BudgetKept");
  expect(foundWith(world.golden, "commands", bounded(1_000_000))).not.toContain("BudgetKept");

  const excess = { path: "/q", kind: "nodes", limit: 0, used: 1_000, wanted: 1_001 } as const;
  const code = "ERR_FLOTILLA_QUOTA";
  const refused = {
    ...made,
    events: [],
    result: { ok: false, revision: 0, code, failed: null, excess },
  } as const;
  expect(foundWith(world.golden, "commands", [...world.golden.commands, refused])).toContain("BudgetKept");
});

test("Convergence notices members that are down, and leases of the dead that stand", () => {
  expect(leadership(world)).toContain("n1 is down");
  expect(sameState(world)).not.toEqual([]);
  const { command } = commandWhere(({ applied }) => applied.type === "attached");
  if (command.applied.type !== "attached") throw new Error("no session");
  const { commands } = world.golden;
  world.ledger.orphans.add(command.applied.session);
  expect(orphansExpired(world)).toEqual([]);
  Object.defineProperty(world.golden, "commands", { value: [command], configurable: true });
  expect(orphansExpired(world)).toHaveLength(1);
  Object.defineProperty(world.golden, "commands", { value: commands, configurable: true });
});
