import type { LeaseId } from "@flotilla/kv";
import type { MemberChange } from "@flotilla/raft";
import type { ErrorCode } from "@flotilla/runtime";
import type { LeaseTimesPage, NodeReport } from "../client/admin-api.ts";

/** The protocol operators dial: one request at a time, no session. */
export const adminProtocol = "flotilla-admin-1";

/** What an operator asks of one node. */
export type AdminRequest =
  /** Needs no quorum; also a node that cannot take part answers. */
  | { readonly type: "describe" }
  /** Of the leader: hand leadership to `to`, or to the voter whose log is closest. */
  | { readonly type: "transfer"; readonly to: string | null }
  /** Of the leader: change the membership, if its version still is `ifVersion`. */
  | {
      readonly type: "change";
      readonly changes: readonly MemberChange[];
      readonly ifVersion: number | null;
    }
  /** Of any member: take yourself out of the cluster, answer, and stop. */
  | { readonly type: "leave" }
  /** Of any member: begin a backup of all that was acknowledged before, and give its first piece. */
  | { readonly type: "save" }
  /** The next piece of the backup that this channel began. */
  | { readonly type: "more" }
  /** Of any member: what your state came to after which numbers of commands. */
  | { readonly type: "digests" }
  /** Of the leader: how long leases last unless they are renewed, a page of those after `after`. */
  | { readonly type: "lease-times"; readonly after: LeaseId | null };

/** The state of a member after so many commands. */
export interface DigestPoint {
  /** Commands applied. */
  readonly commands: number;
  readonly digest: string;
}

export type AdminReply =
  | { readonly type: "report"; readonly report: NodeReport }
  | { readonly type: "transferred"; readonly leader: string }
  | { readonly type: "changed"; readonly version: number }
  | { readonly type: "left" }
  | { readonly type: "digests"; readonly points: readonly DigestPoint[] }
  | ({ readonly type: "lease-times" } & LeaseTimesPage)
  /** `last`: no more follow. */
  | { readonly type: "piece"; readonly bytes: Uint8Array; readonly last: boolean }
  | {
      readonly type: "error";
      readonly code: ErrorCode;
      readonly message: string;
      readonly ambiguous: boolean;
    };
