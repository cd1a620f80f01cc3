import type { Member, NodeStatus } from "@flotilla/coord";

/** What a process of the demo is told at its start. */
export interface MemberSpec {
  readonly id: string;
  readonly cluster: string;
  readonly sessionTtlMs: number;
  /** Where the voters listen. */
  readonly endpoints: readonly string[];
  /** Set in the processes that host a voter. */
  readonly voter: {
    readonly dataDir: string;
    readonly listen: string;
    readonly bootstrap: readonly Member[];
  } | null;
  /** File with the copy of the documents. */
  readonly documentsFile: string;
}

/** From the supervisor to a member. */
export type ToMember =
  | { readonly type: "start"; readonly spec: MemberSpec }
  /** Stop with SIGSTOP at the next query, between the check of leadership and the first task. */
  | { readonly type: "pause" }
  /** A sibling that is stopped and cannot look after itself; null once it goes on. */
  | { readonly type: "stopped-sibling"; readonly pid: number | null }
  | { readonly type: "close" };

/** From a member to the supervisor. */
export type FromMember =
  | { readonly type: "ready"; readonly address: string }
  | { readonly type: "status"; readonly status: MemberStatus }
  /** Sent just before the process stops itself. */
  | { readonly type: "pausing"; readonly epoch: number }
  | { readonly type: "stale-refused"; readonly epoch: number; readonly highest: number }
  | { readonly type: "failed"; readonly code: string; readonly message: string };

/** What a member says of itself, several times a second. */
export interface MemberStatus {
  /** Of the voter in the process, if any. */
  readonly node: Pick<NodeStatus, "role" | "term" | "leader" | "commit" | "applied" | "lastIndex"> | null;
  /** The epoch it leads with; null while it works. */
  readonly leading: number | null;
  readonly registered: boolean;
  /** Shares of queries worked on. */
  readonly tasks: number;
}
