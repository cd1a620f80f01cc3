/** What a server tells of itself. */
export interface NodeStatus {
  readonly id: string;
  readonly cluster: string;
  readonly role: "leader" | "candidate" | "precandidate" | "follower";
  readonly term: number;
  readonly leader: string | null;
  readonly commit: number;
  readonly applied: number;
  readonly lastIndex: number;
  readonly snapshotIndex: number;
  readonly revision: number;
  readonly digest: string;
  /** What the cluster has agreed that all members know. */
  readonly featureLevel: number;
  /** What this member knows. */
  readonly newestLevel: number;
  readonly sessions: number;
  readonly nodes: number;
  readonly historyId: string;
  /** `match` is known on the leader only. */
  readonly members: readonly {
    readonly id: string;
    readonly address: string;
    readonly connected: boolean;
    readonly match: number | null;
  }[];
}
