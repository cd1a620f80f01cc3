import fc from "fast-check";
import type { Acl, Identity, SetBudgetOp } from "../src/index.ts";
import { acls, callers } from "./acl-arbitraries.ts";
import { budgets } from "./budget-arbitraries.ts";
import type { CheckOp, Conditions, CreateOp, KvCommand, MultiOp, Operation, TreeOp } from "../src/index.ts";
import type { GoldenModel } from "./golden-model.ts";
import { draft, type Draft, goodPaths, paths, type Wanted, wanted } from "./draft-arbitraries.ts";
import { plainRecord } from "./plain-record.ts";
import { idOf, secretOf } from "./support.ts";

type State = GoldenModel["state"];

const sessions = 3;
/** Ids of sessions and of the leases that they may add. */
const ids = fc.integer({ min: 0, max: sessions + 2 });
type What =
  | { readonly type: "tree"; readonly draft: Draft }
  | {
      readonly type: "multi";
      readonly drafts: readonly Draft[];
      readonly conditions: readonly Draft[] | undefined;
      readonly others: readonly Draft[] | undefined;
    }
  | { readonly type: "grant"; readonly lease: number; readonly ttlMs: number }
  | { readonly type: "revoke" | "doom"; readonly lease: number }
  | { readonly type: "set-acl"; readonly path: string; readonly acl: Acl; readonly aversion: Wanted }
  | SetBudgetOp
  | { readonly type: "close" };

const what: fc.Arbitrary<What> = fc.oneof(
  { weight: 20, arbitrary: plainRecord({ type: fc.constant("tree" as const), draft }) },
  {
    weight: 5,
    arbitrary: plainRecord({
      type: fc.constant("multi" as const),
      drafts: fc.array(draft, { maxLength: 3 }),
      conditions: fc.option(fc.array(draft, { maxLength: 2 }), { nil: undefined, freq: 2 }),
      others: fc.option(fc.array(draft, { maxLength: 2 }), { nil: undefined, freq: 2 }),
    }),
  },
  {
    weight: 2,
    arbitrary: plainRecord({
      type: fc.constant("grant" as const),
      lease: ids,
      ttlMs: fc.constantFrom(499, 500, 9_000, 120_001),
    }),
  },
  {
    weight: 2,
    arbitrary: plainRecord({ type: fc.constantFrom("revoke" as const, "doom" as const), lease: ids }),
  },
  {
    weight: 3,
    arbitrary: plainRecord({
      type: fc.constant("set-acl" as const),
      path: paths,
      acl: acls,
      aversion: wanted,
    }),
  },
  {
    weight: 3,
    arbitrary: plainRecord({ type: fc.constant("set-budget" as const), path: paths, budget: budgets }),
  },
  { weight: 1, arbitrary: fc.constant({ type: "close" as const }) },
);

const session = fc.integer({ min: 0, max: sessions - 1 });

/** One step of a run. Deltas are taken from what the state expects: mostly right, now and then not. */
export type CommandStep =
  | {
      readonly kind: "attach";
      readonly session: number;
      readonly by: number;
      readonly secret: number | null;
      readonly ttlMs: number | null;
    }
  | { readonly kind: "expire"; readonly leases: readonly number[] }
  | { readonly kind: "begin-restored"; readonly revisionBy: number; readonly graceMs: number }
  | { readonly kind: "begin-history"; readonly revisionBy: number }
  | { readonly kind: "end-grace" }
  | { readonly kind: "set-feature-level" }
  | { readonly kind: "reap"; readonly seenBefore: number; readonly paths: readonly string[] }
  | {
      readonly kind: "request";
      readonly session: number;
      readonly seqBy: number;
      readonly attachBy: number;
      readonly unacked: number;
      readonly as: readonly Identity[] | undefined;
      readonly what: What;
    };

export type Step = CommandStep | { readonly kind: "restore" } | { readonly kind: "freeze" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: plainRecord({
      kind: fc.constant("attach" as const),
      session,
      by: fc.constantFrom(1, 1, 1, 2, 0, -1),
      secret: fc.constantFrom(null, null, null, null, null, 0, 1),
      ttlMs: fc.constantFrom(10_000, 10_000, 10_000, null, 100),
    }),
  },
  {
    weight: 40,
    arbitrary: plainRecord({
      kind: fc.constant("request" as const),
      session,
      seqBy: fc.constantFrom(1, 1, 1, 1, 1, 1, 1, 1, 0, -1, -3, 2),
      attachBy: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, 1),
      unacked: fc.integer({ min: 0, max: 4 }),
      as: callers,
      what,
    }),
  },
  {
    weight: 1,
    arbitrary: plainRecord({ kind: fc.constant("expire" as const), leases: fc.array(ids, { maxLength: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: plainRecord({
      kind: fc.constant("reap" as const),
      seenBefore: fc.constantFrom(0, 0, 1, 5),
      paths: fc.shuffledSubarray([...goodPaths, "/none", ""]),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "restore" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "freeze" as const }) },
);

/** What happens to a whole cluster. */
const upheaval: fc.Arbitrary<Step> = fc.oneof(
  plainRecord({
    kind: fc.constantFrom("begin-restored" as const, "begin-history" as const),
    revisionBy: fc.constantFrom(-1, 0, 1, 5, 2 ** 21),
    graceMs: fc.constantFrom(0, 5, 60_000),
  }),
  plainRecord({ kind: fc.constantFrom("end-grace" as const, "set-feature-level" as const) }),
);

/** As `run`, and now and then another history begins, or a grace period ends. */
export function runWithHistories(maxLength: number): fc.Arbitrary<Step[]> {
  const some = fc.oneof({ weight: 80, arbitrary: step }, { weight: 1, arbitrary: upheaval });
  return afterOpening(some, maxLength);
}

/** Some steps after every session was opened. */
export function run(maxLength: number): fc.Arbitrary<Step[]> {
  return afterOpening(step, maxLength);
}

function afterOpening(some: fc.Arbitrary<Step>, maxLength: number): fc.Arbitrary<Step[]> {
  const opened: Step[] = [];
  for (let number = 0; number < sessions; number += 1) {
    opened.push({ kind: "attach", session: number, by: 1, secret: null, ttlMs: 10_000 });
  }
  return fc
    .array(some, { minLength: Math.floor(maxLength / 4), maxLength, size: "max" })
    .map((steps) => [...opened, ...steps]);
}

function resolve(wantedNow: Wanted, current: number | undefined): number | undefined {
  return wantedNow === "current" ? current : wantedNow;
}

function conditionsOf(from: Draft, state: State, withExists: boolean): Conditions {
  const node = state.nodes[from.path];
  const version = resolve(from.version, node?.sets);
  const mzxid = resolve(from.mzxid, node?.mzxid);
  return {
    ...(version === undefined ? {} : { version }),
    ...(mzxid === undefined ? {} : { mzxid }),
    ...(withExists && from.exists !== undefined ? { exists: from.exists } : {}),
    ...rareOf(from, state),
  };
}

function rareOf({ rare, rareHolds, path, value }: Draft, state: State): Conditions {
  const node = state.nodes[path];
  switch (rare) {
    case "owner":
      return { owner: rareHolds ? (node?.owner ?? null) : idOf(1) };
    case "children":
      return { children: rareHolds ? (node?.births ?? 0) - (node?.deaths ?? 0) : 7 };
    case "value":
      return { value: rareHolds ? Uint8Array.from(node?.value ?? []) : value };
    default:
      return {};
  }
}

function multiOp(
  { drafts, conditions, others }: Extract<What, { type: "multi" }>,
  state: State,
  own: string,
): MultiOp {
  const ops = drafts.map((inner) => treeOp(inner, state, own));
  const checks = conditions?.map((each): CheckOp => ({
    type: "check",
    path: each.path,
    if: { exists: true, ...conditionsOf({ ...each, exists: undefined }, state, false) },
  }));
  return {
    type: "multi",
    ops,
    ...(checks === undefined ? {} : { if: checks }),
    ...(others === undefined || checks === undefined
      ? {}
      : { else: others.map((inner) => treeOp(inner, state, own)) }),
  };
}

function createOp(from: Draft, own: string): CreateOp {
  const { kind, path, prefix, value, ttlMs } = from;
  const mayLease = kind === "any" || kind === "mixed";
  const drawn = from.lease === "own" ? own : from.lease === null ? null : idOf(from.lease);
  const lease = mayLease ? drawn : null;
  const sequential = kind !== "container" && from.sequential;
  const op: CreateOp = {
    type: "create",
    path: sequential ? prefix : path,
    value,
    lease,
    sequential,
    guarded: from.guarded && lease !== null,
    ...(from.acl === undefined ? {} : { acl: from.acl }),
  };
  if (kind === "any") return op;
  return {
    ...op,
    ...(kind === "ttl" ? {} : { container: true }),
    ...(kind === "container" ? {} : { ttlMs }),
  };
}

function treeOp(from: Draft, state: State, own: string): TreeOp {
  const { type, path, value, force } = from;
  switch (type) {
    case "create":
      return createOp(from, own);
    case "set":
    case "put":
      return { type, path, value, if: conditionsOf(from, state, false) };
    case "add":
      return { type, path, by: from.by, if: conditionsOf(from, state, false) };
    case "delete":
      return {
        type,
        path,
        if: conditionsOf(from, state, false),
        force,
        ...(from.recursive ? { recursive: true } : {}),
      };
    default:
      return { type, path, if: conditionsOf(from, state, true) };
  }
}

function operationOf(from: What, state: State, own: string): Operation {
  switch (from.type) {
    case "tree":
      return treeOp(from.draft, state, own);
    case "multi":
      return multiOp(from, state, own);
    case "grant":
      return { type: "grant", lease: idOf(from.lease), ttlMs: from.ttlMs };
    case "set-acl": {
      const { type, path, acl } = from;
      const aversion = resolve(from.aversion, state.nodes[path]?.aclSets);
      return { type, path, acl, ...(aversion === undefined ? {} : { aversion }) };
    }
    case "set-budget":
      return from;
    case "revoke":
    case "doom":
      return { type: from.type, lease: idOf(from.lease) };
    default:
      return { type: "close" };
  }
}

/** The command of a step, given the state it meets. */
export function makeCommand(next: CommandStep, state: State): KvCommand {
  switch (next.kind) {
    case "expire":
      return { type: "expire", leases: next.leases.map(idOf) };
    case "reap":
      return { type: "reap", seen: Math.max(0, state.revision - next.seenBefore), paths: next.paths };
    case "end-grace":
      return { type: "end-grace" };
    case "set-feature-level":
      return { type: "set-feature-level", level: 1 };
    case "begin-history":
      return { type: "begin-history", revision: Math.max(1, state.revision + next.revisionBy) };
    case "begin-restored": {
      const revision = Math.max(1, state.revision + next.revisionBy);
      return { type: "begin-restored", revision, graceMs: next.graceMs };
    }
    default:
      return ofSession(next, state);
  }
}

function ofSession(next: Extract<CommandStep, { kind: "attach" | "request" }>, state: State): KvCommand {
  const id = idOf(next.session);
  const known = state.sessions[id];
  if (next.kind === "attach") {
    const attach = Math.max(1, (known?.attach ?? 0) + next.by);
    return {
      type: "attach",
      session: id,
      secret: secretOf(next.secret ?? next.session),
      attach,
      ttlMs: next.ttlMs,
    };
  }
  const attach = Math.max(1, (known?.attach ?? 1) + next.attachBy);
  const seq = Math.max(1, (known === undefined ? 0 : known.acked + known.results.length) + next.seqBy);
  const operation = operationOf(next.what, state, id);
  const ack = Math.max(0, seq - 1 - next.unacked);
  const { as } = next;
  if (as === undefined) return { type: "request", session: id, attach, seq, ack, operation };
  return { type: "request", session: id, attach, seq, ack, operation, identities: as };
}
