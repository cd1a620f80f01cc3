import { aclSchemes, budgetKinds, identitySchemes } from "@flotilla/kv";
import type { Acl, Budget, BudgetBounds, BudgetKind, Identity } from "@flotilla/kv";
import type { CheckOp, Conditions, KvCommand, MultiOp, Operation, TreeOp } from "@flotilla/kv";
import type { Draw } from "./draw.ts";

/** What whoever writes commands might know of a state machine. */
export interface KvView {
  readonly revision: number;
  /** The attach number and the last request of a session; null when there is none. */
  session(id: string): { readonly attach: number; readonly lastSeq: number } | null;
}

const ids = [1, 2, 3, 4, 5].map((number) => number.toString(16).padStart(32, "0")) as [string, ...string[]];
const paths: readonly [string, ...string[]] = [
  "/",
  "/a",
  "/b",
  "/a/x",
  "/a/y",
  "/a/x/z",
  "/a-b",
  "/none/x",
  "/ä€/ü",
  "",
  "a",
  "/a/",
  "/a//x",
  "/a/../b",
];

function someValue(draw: Draw): Uint8Array {
  return draw.bytes(draw.below(draw.once(50) ? 3_000 : 12));
}

function someNumber(draw: Draw): number {
  return draw.once(12) ? Number.MAX_SAFE_INTEGER - draw.below(3) : draw.below(4);
}

function someConditions(draw: Draw): Conditions {
  return {
    ...(draw.once(4) ? { version: someNumber(draw) } : {}),
    ...(draw.once(4) ? { mzxid: someNumber(draw) } : {}),
    ...(draw.once(6) ? { children: someNumber(draw) } : {}),
    ...(draw.once(6) ? { owner: draw.once(2) ? null : draw.pick(ids) } : {}),
    ...(draw.once(6) ? { value: someValue(draw) } : {}),
  };
}

function someCheck(draw: Draw): CheckOp {
  const exists = draw.once(2) ? {} : { exists: draw.once(2) };
  return { type: "check", path: draw.pick(paths), if: { ...someConditions(draw), ...exists } };
}

/** Whom an entry names, or who a caller is: mostly of the form of its scheme. */
const names: readonly [string, ...string[]] = [
  "anyone",
  "ann:x",
  "bob:y",
  "10.0.0.1",
  "10.0.0.0/8",
  "::1",
  "CN=a",
  "",
];

function someAcl(draw: Draw): Acl {
  return several(draw, () => {
    const scheme = draw.once(3) ? "world" : draw.pick(aclSchemes);
    const id = scheme === "world" && !draw.once(9) ? "anyone" : draw.pick(names);
    return { scheme, id, permissions: draw.once(20) ? draw.below(40) : draw.between(1, 31) };
  });
}

function someCallers(draw: Draw): Identity[] {
  const one = (): Identity => ({ scheme: draw.pick(identitySchemes), id: draw.pick(names) });
  return [one(), ...several(draw, one)];
}

function someTreeOp(draw: Draw): TreeOp {
  const path = draw.pick(paths);
  switch (draw.below(9)) {
    case 0:
    case 1:
    case 2:
      return {
        type: "create",
        path,
        value: someValue(draw),
        lease: draw.once(3) ? draw.pick(ids) : null,
        sequential: draw.once(3),
        guarded: draw.once(6),
        ...(draw.once(8) ? { container: true } : {}),
        ...(draw.once(8) ? { ttlMs: 2 ** draw.below(45) } : {}),
        ...(draw.once(8) ? { acl: someAcl(draw) } : {}),
      };
    case 3:
    case 4:
      return { type: draw.once(2) ? "set" : "put", path, value: someValue(draw), if: someConditions(draw) };
    case 7:
      return {
        type: "add",
        path,
        by: draw.once(2) ? someNumber(draw) : 0 - someNumber(draw),
        if: someConditions(draw),
      };
    case 5:
    case 6: {
      const recursive = draw.once(3) ? { recursive: true } : {};
      return { type: "delete", path, if: someConditions(draw), force: draw.once(2), ...recursive };
    }
    default:
      return someCheck(draw);
  }
}

function several<T>(draw: Draw, make: (draw: Draw) => T): T[] {
  return Array.from({ length: draw.below(4) }, () => make(draw));
}

function someMulti(draw: Draw): MultiOp {
  const ops = several(draw, someTreeOp);
  if (draw.once(2)) return { type: "multi", ops };
  const conditions = several(draw, someCheck);
  return { type: "multi", ops, if: conditions, ...(draw.once(2) ? { else: several(draw, someTreeOp) } : {}) };
}

function someBudget(draw: Draw): Budget {
  const found: [BudgetKind, BudgetBounds][] = [];
  for (const kind of budgetKinds) {
    if (!draw.once(3)) continue;
    const hard = someNumber(draw);
    const above = Math.min(hard + 1, Number.MAX_SAFE_INTEGER);
    found.push([kind, draw.once(2) ? { hard } : { soft: draw.once(9) ? above : Math.min(hard, 2), hard }]);
  }
  return Object.fromEntries(found);
}

function someOperation(draw: Draw): Operation {
  switch (draw.below(17)) {
    case 0:
    case 1:
    case 2:
      return someMulti(draw);
    case 3:
      return { type: "grant", lease: draw.pick(ids), ttlMs: draw.pick([499, 500, 9_000, 120_000, 120_001]) };
    case 4:
      return { type: draw.once(2) ? "revoke" : "doom", lease: draw.pick(ids) };
    case 5:
      return draw.once(4) ? { type: "close" } : someTreeOp(draw);
    case 6:
      return { type: "set-budget", path: draw.pick(paths), budget: draw.once(3) ? null : someBudget(draw) };
    case 7: {
      const aversion = draw.once(2) ? {} : { aversion: someNumber(draw) };
      return { type: "set-acl", path: draw.pick(paths), acl: someAcl(draw), ...aversion };
    }
    default:
      return someTreeOp(draw);
  }
}

function someRequest(draw: Draw, view: KvView): KvCommand {
  const session = draw.pick(ids);
  const known = view.session(session);
  const seq = Math.max(1, (known?.lastSeq ?? 0) + (draw.once(6) ? draw.between(-2, 2) : 1));
  const attach = Math.max(1, (known?.attach ?? 1) + (draw.once(12) ? draw.between(-1, 1) : 0));
  const ack = Math.max(0, seq - 1 - draw.below(3));
  const identities = draw.once(3) ? { identities: someCallers(draw) } : {};
  return { type: "request", session, attach, seq, ack, operation: someOperation(draw), ...identities };
}

/** A command that the log might hold: mostly one that fits the state. */
export function someCommand(draw: Draw, view: KvView): KvCommand {
  switch (draw.below(24)) {
    case 0:
    case 1:
    case 2:
    case 3: {
      const session = draw.pick(ids);
      const attach = Math.max(1, (view.session(session)?.attach ?? 0) + draw.between(0, 1));
      const secret = new Uint8Array(16).fill(draw.once(10) ? 1 : 0);
      return { type: "attach", session, secret, attach, ttlMs: draw.pick([null, 10_000, 10_000, 10_000, 1]) };
    }
    case 4:
      return { type: "expire", leases: several(draw, () => draw.pick(ids)) };
    case 5:
      return { type: "reap", seen: view.revision, paths: several(draw, () => draw.pick(paths)) };
    case 6:
      return rareCommand(draw, view);
    default:
      return someRequest(draw, view);
  }
}

function rareCommand(draw: Draw, { revision }: KvView): KvCommand {
  switch (draw.below(20)) {
    case 0:
      return { type: "begin-history", revision: 1 + draw.below(revision + 3) };
    case 1:
      return { type: "begin-restored", revision: revision + 1 + draw.below(3), graceMs: draw.below(100) };
    case 2:
      return { type: "set-feature-level", level: 1 + draw.below(2) };
    default:
      return { type: "end-grace" };
  }
}
