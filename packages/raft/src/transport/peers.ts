import { acceptHandshake, dialHandshake, FlotillaError, Lobby } from "@flotilla/runtime";
import type { Channel, ClientHost, HandshakeOptions } from "@flotilla/runtime";
import { membersOf } from "../core/config/configuration.ts";
import type { Directory, Member, MemberWithRole } from "../core/config/configuration.ts";
import type { RefusalReason } from "../core/refusals.ts";
import type { Index, NodeId } from "../core/types.ts";
import { DialLoop } from "./dial-loop.ts";
import { LinkLog } from "./link-log.ts";
import { peerMaxFrameBytes } from "./message-codec.ts";
import type { PeerMessage } from "./message-codec.ts";
import {
  doubled,
  isToldDoubled,
  isToldRemoved,
  judgePeer,
  linkProtocols,
  readIdentity,
  writeIdentity,
} from "./peer-identity.ts";
import type { LinkKind, PeerIdentity } from "./peer-identity.ts";
import { PeerLink } from "./peer-link.ts";
import { Peer } from "./peer.ts";
import type { PeerEvents } from "./peer.ts";

export interface PeersOptions {
  readonly host: ClientHost;
  readonly id: NodeId;
  readonly incarnation: string;
  readonly cluster: string;
  /** Told to the others. Default 1. */
  readonly level?: number;
  readonly secret?: Uint8Array | undefined;
  /** A link silent for twice as long is closed; for ten times as long, while a large frame arrives on the other. */
  readonly electionTimeoutMs: number;
  readonly known: Directory;
  readonly events: Omit<PeerEvents, "ended"> & {
    /**
     * A member says that this node is none, by a configuration at least as new as `version`, which this node had when it
     * introduced itself: nothing new to one that was none by then.
     */
    readonly removed: (version: Index) => void;
    /** A member is linked to another process with the data of this node. */
    readonly doubled: (peer: NodeId) => void;
    /** A peer is cut off for what it said. */
    readonly refused: (peer: NodeId, reason: RefusalReason) => void;
  };
}

interface Entry {
  readonly peer: Peer;
  /** Null for somebody that is no member: who knows better than we do, or has left. */
  dialed: Dialed | null;
  /** When it ceased to be a member, monotonic ms; it may still learn so. */
  leftMs: number | null;
}

/** A member and the loop that dials it. */
interface Dialed {
  readonly member: Member;
  readonly loop: DialLoop;
}

const kinds: readonly LinkKind[] = ["control", "bulk"];
const versions = { min: 1, max: 1 };

/** Links to nodes that no configuration here knows. */
const maxStrangers = 64;

/**
 * The links to all other members. Of each pair the node with the smaller id dials both links: there is one
 * session a pair and never two to choose from, at the price that a link stands only if that side can reach
 * the other. A side that does not know the other cannot dial it, as a joiner, and is dialed then: the larger id
 * waits for an election timeout, except for learners, and is turned away by whoever knows it.
 */
export class Peers {
  readonly #options: PeersOptions;
  readonly #life: number;
  readonly #entries = new Map<NodeId, Entry>();
  readonly #unsent = new Set<Peer>();
  readonly #lobby: Lobby;
  readonly #log: LinkLog;
  #known: Directory;
  #attempts = 0;
  /** When silent links were last looked for, and when the owner last came by to have it done, monotonic ms. */
  #watchedMs: number;
  #cameMs: number;
  #closed = false;

  constructor(options: PeersOptions) {
    this.#options = options;
    this.#known = options.known;
    this.#life = options.host.random.u32();
    this.#lobby = new Lobby(options.host.clock);
    this.#log = new LinkLog(options.host);
    this.#watchedMs = options.host.clock.now();
    this.#cameMs = this.#watchedMs;
  }

  /** Begins to dial. */
  start(): void {
    this.configure(this.#known);
  }

  /**
   * Follows the configurations: new members are dialed, who was replaced loses its links at once, who left after a
   * while. Somebody counts as a member until the configuration without it is committed.
   */
  configure(known: Directory): void {
    this.#known = known;
    const members = new Map<NodeId, MemberWithRole>();
    for (const configuration of [known.committed, known.current])
      for (const member of membersOf(configuration)) members.set(member.id, member);
    for (const [id, entry] of this.#entries) {
      const member = members.get(id);
      if (member === undefined && entry.dialed !== null) this.#leave(entry, entry.dialed);
      else if (entry.dialed !== null && member?.address !== entry.dialed.member.address)
        this.#remove(id, entry);
      if (entry.leftMs === null && entry.peer.contradicts(known))
        entry.peer.close("other data than the member's");
    }
    for (const member of members.values()) if (member.id !== this.#options.id) this.#welcome(member);
  }

  /** Takes over a channel that asked for a peer protocol. Must be called in the turn it was received. */
  accept(channel: Channel): void {
    const kind = kinds.find((each) => linkProtocols[each] === channel.protocol);
    if (kind === undefined || this.#closed) {
      turnAway(channel, kind === undefined ? "not a peer protocol" : "closed");
      return;
    }
    if (!this.#lobby.enter(channel)) {
      turnAway(channel, "too many connections wait to introduce themselves");
      return;
    }
    const own = { kind, life: this.#life, attempt: 0 };
    this.#introduce(acceptHandshake, channel, own, null)
      .catch((error: unknown) => this.#closed || this.#log.turnedAway(channel.remoteAddress, error))
      .finally(() => this.#lobby.leave(channel));
  }

  isUp(id: NodeId): boolean {
    return this.#entries.get(id)?.peer.isUp === true;
  }

  /** What the application of a member knows; null while its links do not stand. */
  levelOf(id: NodeId): number | null {
    return this.#entries.get(id)?.peer.level ?? null;
  }

  /** The members whose links stand, sorted. */
  get connected(): readonly NodeId[] {
    const up = [...this.#entries].filter(([, { peer }]) => peer.isUp);
    return up.map(([id]) => id).toSorted();
  }

  /** Bytes on their way to a member on its bulk link. */
  bulkBytes(id: NodeId): number {
    return this.#entries.get(id)?.peer.bulkBytes ?? 0;
  }

  /** Queues a message for the next `flush`; false when it is dropped. */
  send(to: NodeId, message: PeerMessage): boolean {
    const peer = this.#entries.get(to)?.peer;
    if (peer?.send(message) !== true) return false;
    this.#unsent.add(peer);
    return true;
  }

  /** Closes the links to a peer that said what it must not; it may dial again. */
  refuse(id: NodeId, reason: RefusalReason): void {
    this.#options.host.logger.warn({ peer: id, reason }, "a message of a peer was refused");
    this.#options.events.refused(id, reason);
    this.#entries.get(id)?.peer.close(`refused: ${reason}`);
  }

  /** Sends what was queued. */
  flush(): void {
    if (this.#unsent.size === 0) return;
    for (const peer of this.#unsent) peer.flush();
    this.#unsent.clear();
  }

  /** True when `maintain` is due. */
  needsCare(nowMs: number): boolean {
    return nowMs - this.#watchedMs >= this.#options.electionTimeoutMs / 2;
  }

  /**
   * Closes silent links and shows life on others, twice in an election timeout. To be called more often, after a poll
   * phase: what has already arrived is heard first. `graceMs`: leave it to the next call unless it is overdue by that.
   */
  maintain(nowMs: number, graceMs: number = 0): void {
    const { electionTimeoutMs } = this.#options;
    // A side that was stalled itself cannot tell who was silent.
    const stalled = nowMs - this.#cameMs > electionTimeoutMs;
    this.#cameMs = nowMs;
    if (this.#closed || !this.needsCare(nowMs - graceMs)) return;
    this.#watchedMs = nowMs;
    for (const [id, entry] of this.#entries) {
      if (entry.leftMs !== null && nowMs - entry.leftMs >= electionTimeoutMs) this.#remove(id, entry);
      else entry.peer.maintain(nowMs, electionTimeoutMs, !stalled);
    }
  }

  /** Ends all links. Nothing is reported any more. */
  close(): void {
    this.#closed = true;
    for (const [id, entry] of this.#entries) this.#remove(id, entry);
  }

  #entry(id: NodeId): Entry {
    const known = this.#entries.get(id);
    if (known !== undefined) return known;
    const { events } = this.#options;
    const peer = new Peer(id, {
      up: (up, incarnation) => this.#closed || events.up(up, incarnation),
      down: (down, byPeer) => this.#closed || events.down(down, byPeer),
      receive: (from, incarnation, message) => this.#closed || events.receive(from, incarnation, message),
      ended: (ended, reason) => this.#ended(ended, reason),
    });
    const entry: Entry = { peer, dialed: null, leftMs: null };
    this.#entries.set(id, entry);
    return entry;
  }

  #welcome(member: MemberWithRole): void {
    const entry = this.#entry(member.id);
    entry.leftMs = null;
    if (entry.dialed !== null) return;
    const { host, id, electionTimeoutMs } = this.#options;
    const isFirst = id < member.id;
    const loop = new DialLoop({
      clock: host.clock,
      random: host.random,
      maxDelayMs: electionTimeoutMs / 2,
      restMs: isFirst ? 0 : electionTimeoutMs,
      attempt: (signal) => this.#dial(member, signal),
      onFailure: (error) => this.#log.notReached(member.id, error, isFirst ? "warn" : "debug"),
    });
    entry.dialed = { member, loop };
    if (isFirst || member.role === "learner") loop.start();
    else loop.again();
  }

  #leave(entry: Entry, { loop }: Dialed): void {
    loop.stop();
    entry.dialed = null;
    entry.leftMs = this.#options.host.clock.now();
  }

  #remove(id: NodeId, entry: Entry): void {
    this.#entries.delete(id);
    entry.dialed?.loop.stop();
    entry.peer.close("closed");
  }

  #ended(id: NodeId, reason: string): void {
    if (this.#closed) return;
    this.#options.host.logger.debug({ peer: id, reason }, "the links to a peer ended");
    const entry = this.#entries.get(id);
    if (entry?.dialed === null && !entry.peer.hasLinks) this.#entries.delete(id);
    entry?.dialed?.loop.again();
  }

  /** True for a member that this node dials and need not be dialed by. */
  #isDialed(id: NodeId): boolean {
    return id > this.#options.id && (this.#entries.get(id)?.dialed ?? null) !== null;
  }

  async #dial(member: Member, signal: AbortSignal): Promise<void> {
    if (this.isUp(member.id)) return;
    this.#attempts += 1;
    const attempt = this.#attempts;
    // One of the two failing ends the attempt, and the other link with it; so does whoever asked for it.
    const ended = new AbortController();
    const giveUp = (): void => ended.abort(signal.reason);
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      await Promise.all(
        kinds.map((kind) => this.#dialOne(member, { kind, life: this.#life, attempt }, ended.signal)),
      );
      if (!this.isUp(member.id))
        throw new FlotillaError("ERR_FLOTILLA_UNREACHABLE", "a link ended before both stood");
    } catch (error) {
      ended.abort(error);
      this.#entries.get(member.id)?.peer.closeAttempt(this.#life, attempt);
      throw error;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  async #dialOne(member: Member, own: OwnLink, signal: AbortSignal): Promise<void> {
    const channel = await this.#options.host.network.dial(member.address, {
      protocol: linkProtocols[own.kind],
      maxFrameBytes: peerMaxFrameBytes,
      timeoutMs: 2 * this.#options.electionTimeoutMs,
      signal,
    });
    const giveUp = (): void => channel.close("the attempt was given up");
    signal.addEventListener("abort", giveUp, { once: true });
    const handshake = this.#introduce(dialHandshake, channel, own, member.id);
    await handshake.finally(() => signal.removeEventListener("abort", giveUp));
  }

  /** What this node is told is about who it was when it introduced itself; it may have become a member meanwhile. */
  async #introduce(
    run: typeof dialHandshake,
    channel: Channel,
    own: OwnLink,
    expected: NodeId | null,
  ): Promise<void> {
    const { index: version } = this.#known.current;
    try {
      await run(channel, this.#handshake(channel, own, expected));
    } catch (error) {
      if (isToldRemoved(error) && !this.#closed) this.#options.events.removed(version);
      if (isToldDoubled(error) && expected !== null && !this.#closed) this.#options.events.doubled(expected);
      throw error;
    }
  }

  #handshake(channel: Channel, own: OwnLink, expected: NodeId | null): HandshakeOptions {
    const { host, id, incarnation, cluster, level = 1, secret, electionTimeoutMs } = this.#options;
    const { historyId, current } = this.#known;
    return {
      clock: host.clock,
      random: host.random,
      cluster,
      ...(secret === undefined ? {} : { secret }),
      versions,
      identity: writeIdentity({ id, incarnation, historyId, version: current.index, level, ...own }),
      admit: (value) => this.#admit(readIdentity(value), own.kind, expected),
      onReady: ({ identity }) => this.#ready(channel, readIdentity(identity), own, expected !== null),
      timeoutMs: 2 * electionTimeoutMs,
    };
  }

  #admit(peer: PeerIdentity, kind: LinkKind, expected: NodeId | null): FlotillaError | undefined {
    if (expected !== null && peer.id !== expected) {
      return new FlotillaError(
        "ERR_FLOTILLA_BAD_CONFIG",
        `node ${peer.id} answers at the address of ${expected}`,
      );
    }
    const rival = this.#rivalOf(peer);
    if (rival !== undefined) return rival;
    if (expected === null && peer.id > this.#options.id && this.#isDialed(peer.id)) {
      const details = { turnedAway: true };
      const message = `node ${peer.id} is dialed, it does not dial`;
      return new FlotillaError("ERR_FLOTILLA_BAD_CONFIG", message, { details });
    }
    return judgePeer(peer, this.#options.id, kind, this.#known);
  }

  /** Why a process may not be heard as a member that another one is linked as; undefined when none is. */
  #rivalOf({ id, incarnation, life }: PeerIdentity): FlotillaError | undefined {
    const { host, electionTimeoutMs } = this.#options;
    const peer = this.#entries.get(id)?.peer;
    const rivalry = peer?.isRival(life, incarnation, host.clock.now(), electionTimeoutMs) ?? "no";
    return rivalry === "no" ? undefined : doubled(id, rivalry === "yes");
  }

  #ready(channel: Channel, identity: PeerIdentity, own: OwnLink, dialed: boolean): PeerLink {
    const peer = this.#peerOf(identity.id);
    const owner = peer ?? { message: () => {}, ended: () => {} };
    const link = new PeerLink(own.kind, channel, this.#options.host.clock, owner);
    if (peer === undefined || this.#closed) link.close("closed");
    // The attempt is the dialer's.
    else
      peer.attach(
        link,
        dialed ? { ...identity, life: own.life, attempt: own.attempt } : identity,
        identity.life,
      );
    this.#log.forget(identity.id);
    return link;
  }

  /** Whose links those are; undefined when there are too many of nobody's already. */
  #peerOf(id: NodeId): Peer | undefined {
    const known = this.#entries.get(id);
    if (known !== undefined || this.#closed) return known?.peer;
    const strangers = [...this.#entries.values()].filter(({ dialed }) => dialed === null).length;
    return strangers < maxStrangers ? this.#entry(id).peer : undefined;
  }
}

function turnAway(channel: Channel, reason: string): void {
  channel.handle({ message: () => {}, end: () => {} });
  channel.close(reason);
}

type OwnLink = Pick<PeerIdentity, "kind" | "life" | "attempt">;
