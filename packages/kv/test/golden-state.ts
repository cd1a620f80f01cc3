import { openAcl } from "../src/acl.ts";
import type { Acl } from "../src/acl.ts";
import type { Budget } from "../src/budget.ts";
import type { Applied, Result, Stat } from "../src/types.ts";

export interface GoldenNode {
  value: number[];
  czxid: number;
  mzxid: number;
  pzxid: number;
  ctimeMs: number;
  mtimeMs: number;
  sets: number;
  births: number;
  deaths: number;
  owner: string | null;
  guarded: boolean;
  container: boolean;
  ttlMs: number | null;
  acl: Acl;
  aclSets: number;
}

export type GoldenKind = Pick<GoldenNode, "owner" | "guarded" | "container" | "ttlMs" | "acl">;

export const ordinary: GoldenKind = {
  owner: null,
  guarded: false,
  container: false,
  ttlMs: null,
  acl: openAcl,
};

export interface GoldenSession {
  secret: string;
  ttlMs: number;
  attach: number;
  acked: number;
  results: Result[];
}

export interface GoldenLease {
  session: string;
  ttlMs: number;
  doomed: boolean;
}

export interface GoldenBudget {
  budget: Budget;
  /** When it was written to, each by the second. */
  writes: number[];
}

export interface GoldenState {
  revision: number;
  graceMs: number;
  featureLevel: number;
  nodes: Record<string, GoldenNode>;
  sessions: Record<string, GoldenSession>;
  leases: Record<string, GoldenLease>;
  budgets: Record<string, GoldenBudget>;
}

export interface GoldenEvent {
  type: "created" | "changed" | "deleted";
  path: string;
  value: number[] | null;
  stat: Stat | null;
}

/** `answered` with the result decoded; everything else as the machine says it. */
export type GoldenApplied =
  | Exclude<Applied, { type: "answered" }>
  | { type: "answered"; session: string; attach: number; seq: number; result: Result; repeat: boolean };

/** What a session has. */
export function holdings(
  state: GoldenState,
  session: string,
): { leases: number; nodes: number; doomed: boolean } {
  const leases = Object.keys(state.leases).filter((id) => state.leases[id]?.session === session);
  const nodes = Object.values(state.nodes).filter(({ owner }) => leases.includes(owner ?? ""));
  const doomed = state.leases[session]?.doomed === true;
  return { leases: leases.length, nodes: nodes.length, doomed };
}

/** What a node says of itself. */
export function statOf(node: GoldenNode, numChildren: number): Stat {
  return {
    czxid: node.czxid,
    mzxid: node.mzxid,
    pzxid: node.pzxid,
    ctimeMs: node.ctimeMs,
    mtimeMs: node.mtimeMs,
    version: node.sets,
    cversion: node.births + node.deaths,
    aversion: node.aclSets,
    ephemeralOwner: node.owner,
    dataLength: node.value.length,
    numChildren,
    container: node.container,
    ttlMs: node.ttlMs,
  };
}

/** An empty table: without a prototype it is one from the start, no object that is given ever new shapes. */
export function nothingIn<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}

/** The state before the first command. */
export function nothingYet(): GoldenState {
  const zero = { czxid: 0, mzxid: 0, pzxid: 0, ctimeMs: 0, mtimeMs: 0, sets: 0, births: 0, deaths: 0 };
  const root = { value: [], aclSets: 0, ...zero, ...ordinary };
  const nodes = nothingIn<GoldenNode>();
  nodes["/"] = root;
  const others = { sessions: nothingIn<GoldenSession>(), leases: nothingIn<GoldenLease>() };
  return { revision: 0, graceMs: 0, featureLevel: 1, nodes, ...others, budgets: nothingIn() };
}
