import { FlotillaError } from "@flotilla/runtime";
import { membersOf } from "../core/config/configuration.ts";
import type { Raft } from "../core/raft.ts";
import type { Index, NodeId } from "../core/types.ts";
import type { PeerStatus, RaftStatus } from "./types.ts";

/** What a node tells of itself. What the state machine has applied may be ahead of what the core was told. */
export function describeCore(
  core: Raft,
  { appliedIndex }: { readonly appliedIndex: Index },
  links: { isUp(peer: NodeId): boolean; levelOf(peer: NodeId): number | null },
  proposals: { readonly size: number },
  reads: { readonly size: number },
): RaftStatus {
  const { id, role, term, leader, established, commit, firstIndex, configuration, memberSince } = core;
  const peers: PeerStatus[] = [];
  for (const { id: peer, address, role: part } of membersOf(configuration)) {
    if (peer === id) continue;
    const match = core.matchOf(peer);
    const lag = match === null ? null : core.last.index - match;
    const known = { connected: links.isUp(peer), level: links.levelOf(peer) };
    peers.push({ id: peer, address, role: part, ...known, match, lag });
  }
  return {
    id,
    role,
    term,
    leader,
    established,
    commit,
    applied: appliedIndex,
    lastIndex: core.last.index,
    firstIndex,
    logBytes: core.logBytes,
    snapshotIndex: core.snapshot.index,
    configuration,
    configurationCommitted: configuration.index <= commit,
    memberSince,
    peers,
    waiting: { proposals: proposals.size, reads: reads.size },
  };
}

/** What a call on a stopped node is answered. */
export function closedError(): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_CLOSED", "the node is closed");
}

/** What a call is answered that hands over more than travels at once. */
export function tooLarge(what: string, maxBytes: number): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_TOO_LARGE", `a ${what} takes at most ${maxBytes} bytes`);
}

/** Why a node stops that is there twice. */
export function doubledError(peer: NodeId): FlotillaError {
  return new FlotillaError(
    "ERR_FLOTILLA_LOCKED",
    `node ${peer} is connected to another process with the data of this member, or a copy of it`,
  );
}

/** What a call is answered that would queue too much. */
export function overloaded(why: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_OVERLOADED", why);
}

/** The error that stopped a node: ours as it is, anything else as a bug. */
export function asError(error: unknown): Error {
  if (FlotillaError.is(error)) return error;
  return new FlotillaError("ERR_FLOTILLA_INTERNAL", "something threw that must not throw", { cause: error });
}
