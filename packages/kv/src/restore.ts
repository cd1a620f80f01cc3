import { FlotillaError } from "@flotilla/runtime";
import { limits } from "./limits.ts";
import { isPath, parentOf } from "./paths.ts";
import type { SnapshotHeader } from "./snapshot-format.ts";
import { readSnapshot } from "./snapshot-read.ts";
import type { SessionRecord, SnapshotSink } from "./snapshot-read.ts";
import { bareState, digestOf } from "./state.ts";
import type { State } from "./state.ts";
import type { NodeFields } from "./tree-node.ts";
import type { LeaseInfo, Result } from "./types.ts";
import { isTtl } from "./validate.ts";

function demand(condition: boolean, message: string): asserts condition {
  if (!condition) throw new FlotillaError("ERR_FLOTILLA_DAMAGED", `snapshot: ${message}`);
}

/** Builds a state out of records and checks how they belong together. */
class Builder implements SnapshotSink {
  readonly state: State = bareState();
  readonly #children: Map<string, number> = new Map();
  readonly #owners: Set<string> = new Set();
  #lastPath = "";
  #newest = 0;
  #promised = 0;
  #leases = 0;
  #sessions = 0;
  #open: SessionRecord | null = null;

  node(fields: NodeFields): void {
    const { path, owner, guarded, czxid, mzxid, pzxid, created, numChildren } = fields;
    demand(isPath(path) && path > this.#lastPath, "paths out of order");
    this.#lastPath = path;
    if (path !== "/") {
      const parent = this.state.tree.get(parentOf(path));
      demand(parent !== undefined && parent.owner === null, "a node without a parent");
      this.#children.set(parent.path, (this.#children.get(parent.path) ?? 0) + 1);
    }
    demand(czxid <= mzxid && czxid <= pzxid && numChildren <= created, "a stat that cannot be");
    demand(owner !== null || !guarded, "a guarded node without a lease");
    if (owner !== null) this.#owners.add(owner);
    this.#promised += numChildren;
    this.#newest = Math.max(this.#newest, mzxid, pzxid);
    this.state.tree.add(fields, fields.value);
  }

  lease(lease: LeaseInfo): void {
    demand(this.state.sessions.lease(lease.id) === undefined && isTtl(lease.ttlMs), "a lease that cannot be");
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
    this.#sessions += 1;
    this.#open = session;
    this.state.sessions.open(session, acked);
  }

  result(encoded: Uint8Array, result: Result): void {
    demand(this.#open !== null, "a result without a session");
    this.state.sessions.keep(this.#open.id, 0, result, encoded);
  }

  /** Checks what only shows at the end. */
  finish(header: SnapshotHeader): State {
    this.#closeSession();
    const { tree, sessions } = this.state;
    const { token, applied, index } = header;
    demand(tree.get("/") !== undefined && tree.size === header.nodes, "nodes are missing");
    demand(this.#leases === header.leases && this.#sessions === header.sessions, "sessions are missing");
    demand(this.#newest <= token.revision && applied <= index, "a position that cannot be");
    for (const owner of this.#owners) demand(sessions.lease(owner) !== undefined, "a node without its lease");
    for (const lease of sessions.leases()) {
      demand(sessions.get(lease.session) !== undefined, "a lease without its session");
    }
    this.#checkChildren();
    demand(digestOf(this.state, token) === header.digest, "the digest does not match");
    return this.state;
  }

  #checkChildren(): void {
    for (const [path, count] of this.#children) {
      demand(this.state.tree.get(path)?.numChildren === count, "children are missing");
    }
    demand(this.#promised === this.state.tree.size - 1, "children are missing");
  }

  #closeSession(): void {
    if (this.#open === null) return;
    const window = this.state.sessions.get(this.#open.id)?.window;
    demand(window?.lastSeq === this.#open.lastSeq, "results are missing");
  }
}

/**
 * Builds the state that a snapshot holds.
 * @throws FlotillaError `ERR_FLOTILLA_DAMAGED` when the bytes are not exactly what a machine wrote,
 *   `ERR_FLOTILLA_UNSUPPORTED` for another format version
 */
export function restoreState(bytes: Uint8Array): { readonly header: SnapshotHeader; readonly state: State } {
  const builder = new Builder();
  const header = readSnapshot(bytes, builder);
  return { header, state: builder.finish(header) };
}
