import type { Machine } from "@flotilla/kv";
import type { RaftStatus } from "@flotilla/raft";
import type { NodeStatus } from "../client/status-api.ts";

/** What a member tells of itself. */
export function nodeStatus(cluster: string, raft: RaftStatus, machine: Machine): NodeStatus {
  const peers = new Map(raft.peers.map((peer) => [peer.id, peer]));
  return {
    id: raft.id,
    cluster,
    role: raft.role,
    term: raft.term,
    leader: raft.leader,
    commit: raft.commit,
    applied: raft.applied,
    lastIndex: raft.lastIndex,
    snapshotIndex: raft.snapshotIndex,
    revision: machine.revision,
    digest: machine.digest(),
    featureLevel: machine.featureLevel,
    newestLevel: machine.newestLevel,
    sessions: machine.counts.sessions,
    nodes: machine.nodes,
    historyId: raft.configuration.historyId,
    members: raft.configuration.voters.map(({ id, address }) => {
      const peer = peers.get(id);
      const isSelf = id === raft.id;
      const match = isSelf ? (raft.role === "leader" ? raft.lastIndex : null) : (peer?.match ?? null);
      return { id, address, connected: isSelf || (peer?.connected ?? false), match };
    }),
  };
}
