import { FlotillaError, invariant } from "@flotilla/runtime";
import { oldestLevel } from "./feature-level.ts";
import { openAccess } from "./access.ts";
import type { Access } from "./access.ts";
import { isKeptAcl } from "./acl.ts";
import type { BudgetRecord } from "./budget-table.ts";
import { isBudget } from "./budget.ts";
import { limits } from "./limits.ts";
import { isPath, parentOf } from "./paths.ts";
import type { SnapshotHeader } from "./snapshot-format.ts";
import { SnapshotReader } from "./snapshot-read.ts";
import type { NodeRecord, SessionRecord, SnapshotSink } from "./snapshot-read.ts";
import { bareState, digestOf } from "./state.ts";
import type { State } from "./state.ts";
import { lifetime as lifetimes } from "./tree-node.ts";
import type { LeaseInfo, Result } from "./types.ts";
import { isTtl } from "./validate.ts";

function demand(condition: boolean, message: string): asserts condition {
  if (!condition) throw new FlotillaError("ERR_FLOTILLA_DAMAGED", `snapshot: ${message}`);
}

function isLifetime(ms: number): boolean {
  return ms >= lifetimes.container && ms <= limits.maxNodeTtlMs;
}

/** Builds a state out of records and checks how they belong together. */
class Builder implements SnapshotSink {
  readonly state: State = bareState();
  /** How many children a node still lacks, but for the folder whose children come. */
  readonly #lacking: Map<string, number> = new Map();
  #folder = "";
  #left = 0;
  /** Leases that nodes name and that did not come yet. */
  readonly #owners: Set<string> = new Set();
  /** Sessions that leases name and that did not come yet. */
  readonly #holders: Set<string> = new Set();
  #lastPath = "";
  #newest = 0;
  #leases = 0;
  #sessions = 0;
  #open: SessionRecord | null = null;
  #lastBudget = "";

  /** Before the nodes: they are counted as they come. */
  budget(record: BudgetRecord): void {
    const { path, budget, second, writes } = record;
    demand(isPath(path) && path > this.#lastBudget, "budgets out of order");
    demand(isBudget(budget), "a budget that cannot be");
    demand(budget.rate !== undefined || (second === 0 && writes === 0), "a rate that nobody bounds");
    this.#lastBudget = path;
    this.state.tree.budgets.set(record);
  }

  node(fields: NodeRecord): void {
    const { path, owner, guarded, lifetime, czxid, mzxid, pzxid, created, numChildren } = fields;
    demand(isPath(path) && path > this.#lastPath, "paths out of order");
    this.#lastPath = path;
    if (path !== "/") this.#countChild(parentOf(path));
    demand(czxid <= mzxid && czxid <= pzxid && numChildren <= created, "a stat that cannot be");
    demand(owner !== null || !guarded, "a guarded node without a lease");
    demand(owner === null || numChildren === 0, "an ephemeral node with children");
    demand(isLifetime(lifetime) && (owner === null || lifetime === 0), "a lifetime that cannot be");
    if (owner !== null) this.#owners.add(owner);
    if (numChildren > 0) this.#lacking.set(path, numChildren);
    this.#newest = Math.max(this.#newest, mzxid, pzxid);
    const { tree } = this.state;
    // Most nodes have it: nothing is made or looked up for them.
    if (fields.access === openAccess) tree.append(fields, fields.value);
    else tree.append({ ...fields, access: this.#access(fields.access) }, fields.value);
  }

  #access({ acl, aversion }: Access): Access {
    demand(isKeptAcl(acl), "an access list that cannot be");
    return this.state.tree.acls.access(acl, aversion);
  }

  lease(lease: LeaseInfo): void {
    demand(this.state.sessions.lease(lease.id) === undefined && isTtl(lease.ttlMs), "a lease that cannot be");
    this.#owners.delete(lease.id);
    this.#holders.add(lease.session);
    this.#leases += 1;
    this.state.sessions.grant(lease);
  }

  session(session: SessionRecord): void {
    this.#closeSession();
    const { id, ttlMs, attach, acked, lastSeq } = session;
    demand(this.state.sessions.get(id) === undefined, "a session twice");
    const own = this.state.sessions.lease(id);
    demand(own !== undefined && own.session === id && own.ttlMs === ttlMs, "a session without its lease");
    demand(
      attach > 0 && acked <= lastSeq && lastSeq - acked <= limits.windowRequests,
      "a session that cannot be",
    );
    this.#holders.delete(id);
    this.#sessions += 1;
    this.#open = session;
    this.state.sessions.open(session, acked);
  }

  result(encoded: Uint8Array, result: Result): void {
    demand(this.#open !== null, "a result without a session");
    this.state.sessions.keep(this.#open.id, 0, result, encoded);
  }

  /** Checks what only shows at the end. O(1), but for the session that came last. */
  finish(header: SnapshotHeader): State {
    this.#closeSession();
    const { tree } = this.state;
    const { token, applied, index, featureLevel } = header;
    demand(tree.get("/") !== undefined && tree.size === header.nodes, "nodes are missing");
    demand(tree.budgets.size === header.budgets, "budgets are missing");
    demand(this.#leases === header.leases && this.#sessions === header.sessions, "sessions are missing");
    demand(this.#newest <= token.revision && applied <= index, "a position that cannot be");
    demand(featureLevel >= oldestLevel, "a feature level that cannot be");
    demand(this.#lacking.size === 0 && this.#left === 0, "children are missing");
    demand(this.#owners.size === 0, "a node without its lease");
    demand(this.#holders.size === 0, "a lease without its session");
    demand(digestOf(this.state, header) === header.digest, "the digest does not match");
    return this.state;
  }

  #countChild(parent: string): void {
    if (parent !== this.#folder) {
      if (this.#left > 0) this.#lacking.set(this.#folder, this.#left);
      this.#folder = parent;
      this.#left = this.#lacking.get(parent) ?? 0;
      this.#lacking.delete(parent);
    }
    demand(this.#left > 0, "a node that no other node counts as its child");
    this.#left -= 1;
  }

  #closeSession(): void {
    if (this.#open === null) return;
    const window = this.state.sessions.get(this.#open.id)?.window;
    demand(window?.lastSeq === this.#open.lastSeq, "results are missing");
  }
}

/** What a snapshot held. */
export interface Restored {
  readonly header: SnapshotHeader;
  readonly state: State;
}

/**
 * A state being built out of the bytes of a snapshot, beside the one in use, a bounded piece of work at a time. Besides
 * that state it keeps the bytes of one frame. It may be left unfinished at any moment; after a throw it must be.
 */
export class MachineRestore {
  readonly #builder = new Builder();
  readonly #reader: SnapshotReader;
  readonly #take: (restored: Restored) => void;
  #restored: Restored | null = null;
  #isRefused = false;

  /** `take` puts what was proved in the place of the state in use; `newest`: the highest feature level to know. */
  constructor(newest: number, take: (restored: Restored) => void) {
    this.#reader = new SnapshotReader(this.#builder, newest);
    this.#take = take;
  }

  /** Adds the next bytes, which nobody changes from now on. They wait for {@link work}. */
  write(bytes: Uint8Array): void {
    this.#reader.write(bytes);
  }

  /**
   * Reads some of what was written: a frame of about 64 KiB, or 512 of the items in one. False when nothing is left to
   * do before more is written.
   * @throws FlotillaError `ERR_FLOTILLA_DAMAGED` for what no machine wrote, `ERR_FLOTILLA_UNSUPPORTED` for another format version
   */
  work(): boolean {
    demand(!this.#isRefused, "refused before");
    this.#isRefused = true;
    const isMore = this.#reader.work();
    this.#isRefused = false;
    return isMore;
  }

  /**
   * No more bytes follow: checks what only shows at the end.
   * @throws FlotillaError `ERR_FLOTILLA_DAMAGED` when the bytes were not exactly what a machine wrote
   */
  prove(): void {
    demand(!this.#isRefused, "refused before");
    const header = this.#reader.end();
    this.#restored = { header, state: this.#builder.finish(header) };
  }

  /** Puts the state in the place of the one in use, whatever that has become meanwhile. Only once it is proved. O(1). */
  replace(): void {
    invariant(this.#restored !== null, "RestoreProved");
    this.#take(this.#restored);
  }
}
