import { FlotillaError } from "@flotilla/runtime";
import type { Raft } from "../core/raft.ts";
import type { Index, NodeId } from "../core/types.ts";
import type { RaftStatus } from "./types.ts";

/** What a node tells of itself. `applied` is the state machine's, which may be ahead of what the core was told. */
export function describeCore(core: Raft, applied: Index, isUp: (peer: NodeId) => boolean): RaftStatus {
  const { id, role, term, leader, established, commit, firstIndex, configuration } = core;
  const others = configuration.voters.filter((voter) => voter.id !== id);
  return {
    id,
    role,
    term,
    leader,
    established,
    commit,
    applied,
    lastIndex: core.last.index,
    firstIndex,
    snapshotIndex: core.snapshot.index,
    configuration,
    peers: others.map((peer) => ({
      id: peer.id,
      address: peer.address,
      connected: isUp(peer.id),
      match: core.matchOf(peer.id),
    })),
  };
}

/** What a call on a stopped node is answered. */
export function closedError(): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_CLOSED", "the node is closed");
}

/** The error that stopped a node: ours as it is, anything else as a bug. */
export function asError(error: unknown): Error {
  if (FlotillaError.is(error)) return error;
  return new FlotillaError("ERR_FLOTILLA_INTERNAL", "something threw that must not throw", { cause: error });
}
