import { Machine } from "@flotilla/kv";
import type { NodeId, RaftOptions, RaftStatus } from "@flotilla/raft";
import { peerMaxFrameBytes, peerProtocols, RaftNode } from "@flotilla/raft";
import type { Channel, Host, Listener } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import { adminProtocol } from "../wire/admin-messages.ts";
import { clientProtocol } from "../wire/messages.ts";
import type { CoordNode, StartOptions } from "./api.ts";
import { decodeDigestPoint, isDigestPoint } from "./digest-codec.ts";
import { MemberNode } from "./member-node.ts";
import type { Observer } from "./observer.ts";
import type { LoadedStartOptions } from "./options.ts";
import { loadStartOptions } from "./options.ts";
import type { Parts } from "./parts.ts";
import { assemble } from "./parts.ts";

/** A handshake takes two frames of at most 4 KiB. */
const maxStrangerBytes = 65_536;
/** Those of members and operators that clients, however many, keep nobody out of. */
const reservedChannels = 128;

/** What checkers get of the log. */
export type OpenedRaft = Pick<RaftNode, "read" | "status" | "incarnation" | "changeMembers">;

/** What checkers may hang on a member. */
export interface NodeHooks {
  readonly observer?: Observer;
  readonly raftObserver?: RaftOptions["observer"];
  /** Other bounds than the defaults, so that a small load reaches them. */
  readonly raftLimits?: RaftOptions["limits"];
  /** Makes the state machine. Default: one as every member has. */
  readonly machine?: (host: Host) => Machine;
  /** Gets the log once it is open, to use it directly. */
  readonly opened?: (raft: OpenedRaft) => void;
  /** Bounds of snapshots, made small so that little data meets them. */
  readonly snapshots?: Pick<RaftOptions, "snapshotChunkBytes" | "trailingBytes">;
}

/**
 * Starts a member on the given host. Resolves once it listens and takes part; its own session connects meanwhile,
 * and calls on it wait for that as for any reconnect.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_CONFIG`, `ERR_FLOTILLA_ADDRESS_IN_USE`, `ERR_FLOTILLA_LOCKED`,
 * `ERR_FLOTILLA_FOREIGN`, `ERR_FLOTILLA_DAMAGED`, `ERR_FLOTILLA_WIPED`, `ERR_FLOTILLA_STORAGE`
 */
export async function startNode(
  options: StartOptions & { readonly host: Host },
  hooks: NodeHooks = {},
): Promise<CoordNode> {
  const loaded = loadStartOptions(options);
  const host = loaded.logger === undefined ? options.host : { ...options.host, logger: loaded.logger };
  const machine = hooks.machine?.(host) ?? new Machine({ probe: host.probe, historyLimits: loaded.history });
  const parts = assemble(host, loaded, hooks.observer ?? {}, machine);
  let accept: (channel: Channel) => void = turnAway;
  const listener = await host.network.listen(
    {
      address: loaded.listen,
      protocols: [...peerProtocols, clientProtocol, adminProtocol],
      reserved: { protocols: [...peerProtocols, adminProtocol], channels: reservedChannels },
      maxFrameBytes: peerMaxFrameBytes,
      maxStrangerBytes,
    },
    (channel) => accept(channel),
  );
  const raft = await openRaft(host, loaded, hooks, parts, listener);
  const node = new MemberNode({ ...parts, host, loaded, raft, listener });
  accept = (channel) => {
    if (channel.protocol === clientProtocol) parts.door.accept(channel);
    else if (channel.protocol === adminProtocol) node.acceptAdmin(channel);
    else raft.accept(channel);
  };
  return node;
}

function turnAway(channel: Channel): void {
  channel.handle({ message: () => {}, end: () => {} });
  channel.close("this member is starting");
}

async function openRaft(
  host: Host,
  loaded: LoadedStartOptions,
  hooks: NodeHooks,
  parts: Parts,
  listener: Listener,
): Promise<RaftNode> {
  try {
    const raft = await RaftNode.open(raftOptions(host, loaded, hooks, parts));
    hooks.opened?.(raft);
    parts.raft.bind(raft);
    parts.keeper.onStatus(raft.status());
    parts.reaper.onStatus(raft.status());
    parts.grace.onStatus(raft.status());
    parts.features.onStatus(raft.status());
    parts.comparer.onStatus(raft.status());
    return raft;
  } catch (error) {
    await listener.close();
    throw error;
  }
}

function raftOptions(host: Host, loaded: LoadedStartOptions, hooks: NodeHooks, parts: Parts): RaftOptions {
  const { id, cluster, secret, bootstrap, heartbeatMs, electionTimeoutMs, snapshotEntries, trailingEntries } =
    loaded;
  return {
    host,
    id,
    cluster,
    ...(secret === undefined ? {} : { secret }),
    ...(bootstrap === undefined ? {} : { bootstrap }),
    ...(loaded.join === undefined ? {} : { join: true as const }),
    ...(loaded.trace === undefined ? {} : { trace: loaded.trace }),
    ...(hooks.raftObserver === undefined ? {} : { observer: hooks.raftObserver }),
    ...(hooks.raftLimits === undefined ? {} : { limits: hooks.raftLimits }),
    ...hooks.snapshots,
    stateMachine: parts.stateMachine,
    level: parts.machine.newestLevel,
    heartbeatMs,
    electionTimeoutMs,
    snapshotEntries,
    trailingEntries,
    onMessage: (from, payload) => receive(host, parts, from, payload),
    onStatus: statusWatcher(parts),
  };
}

/** Tells leases and sessions what became of leadership. */
function statusWatcher({
  keeper,
  reaper,
  grace,
  features,
  comparer,
  hub,
  renewals,
}: Parts): (status: RaftStatus) => void {
  let leader: NodeId | null = null;
  return (status) => {
    keeper.onStatus(status);
    reaper.onStatus(status);
    grace.onStatus(status);
    features.onStatus(status);
    comparer.onStatus(status);
    if (status.leader === leader) return;
    leader = status.leader;
    hub.leaderChanged();
    renewals.leaderChanged();
  };
}

function receive(
  host: Host,
  { renewals, comparer }: Pick<Parts, "renewals" | "comparer">,
  from: NodeId,
  payload: Uint8Array,
): void {
  try {
    if (!isDigestPoint(payload)) return renewals.receive(from, payload);
    const point = decodeDigestPoint(payload);
    if (point !== null) comparer.receive(from, point);
  } catch (error) {
    if (!FlotillaError.is(error)) throw error;
    host.logger.warn({ err: error, from }, "a member sent what is not of this protocol");
  }
}
