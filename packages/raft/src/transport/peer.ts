import type { Directory } from "../core/config/configuration.ts";
import type { Index, NodeId } from "../core/types.ts";
import { messageBytes } from "./message-codec.ts";
import type { PeerMessage } from "./message-codec.ts";
import { isKnownAs } from "./peer-identity.ts";
import type { LinkKind, PeerIdentity } from "./peer-identity.ts";
import type { LinkOwner, PeerLink } from "./peer-link.ts";

/** What happens at a peer, for whoever owns it. */
export interface PeerEvents {
  /** Both links stand. */
  readonly up: (peer: NodeId, incarnation: string) => void;
  /** Links that stood ended. `byPeer`: from the other side. */
  readonly down: (peer: NodeId, byPeer: boolean) => void;
  readonly receive: (from: NodeId, incarnation: string, message: PeerMessage) => void;
  /** Links ended, whether they stood or not: the moment to dial again. */
  readonly ended: (peer: NodeId, reason: string) => void;
}

/** Whether another process with the same data is linked. */
export type Rivalry = "no" | "maybe" | "yes";

interface Session {
  readonly incarnation: string;
  /** Random number of the life of the process at the other side. */
  readonly process: number;
  readonly version: Index;
  readonly life: number;
  readonly attempt: number;
  readonly level: number;
  readonly links: Partial<Record<LinkKind, PeerLink>>;
  /** What the first link said before the second stood. */
  readonly early: PeerMessage[];
  up: boolean;
}

// Above this, appends are dropped: the leader finds the gap with the next heartbeat. So are messages of the application.
const highWaterBytes = 1 << 20;
// A larger message of the application must not hold up what the protocol says; smaller ones need not wait for entries.
const mostOnControlBytes = 64 << 10;
// Above this, the other side does not read at all.
const limitBytes = 32 << 20;
/** Election timeouts after which nothing is on its way any more of what a process said that ended. */
const timeoutsToBeSure = 10;
// Far more than leaves within the moment between two handshakes.
const mostEarly = { messages: 1024, bytes: 16 << 20 };

/**
 * The links to one other member. A control and a bulk link of one attempt make a session; both stand or
 * neither counts: what one says before is heard once both stand. Frames of links that were replaced are never heard.
 */
export class Peer implements LinkOwner {
  readonly id: NodeId;
  readonly #events: PeerEvents;
  #session: Session | null = null;
  /** The process that was turned away last because another one with the same data was linked, and since when. */
  #rival: { readonly process: number; readonly sinceMs: number } | null = null;

  constructor(id: NodeId, events: PeerEvents) {
    this.id = id;
    this.#events = events;
  }

  get isUp(): boolean {
    return this.#session?.up === true;
  }

  /** True while there is a link, standing or not. */
  get hasLinks(): boolean {
    return this.#session !== null;
  }

  /** What its application knows; null while no links stand. */
  get level(): number | null {
    return this.#session?.up === true ? this.#session.level : null;
  }

  /** Takes up an authenticated link. One of an attempt older than the current is closed. */
  attach(
    link: PeerLink,
    identity: Pick<PeerIdentity, "incarnation" | "version" | "life" | "attempt" | "level">,
    process: number = identity.life,
  ): void {
    const { incarnation, version, life, attempt, level } = identity;
    const current = this.#session;
    if (current?.life === life && current.attempt > attempt) {
      link.close("superseded by a newer link");
      return;
    }
    const same = current?.life === life && current.attempt === attempt && current.incarnation === incarnation;
    const joins = same && current.links[link.kind] === undefined;
    const session: Session = joins
      ? current
      : { incarnation, process, version, life, attempt, level, links: {}, early: [], up: false };
    session.links[link.kind] = link;
    this.#session = session;
    // Once the new link counts: a peer without any is forgotten.
    if (current !== null && !joins) this.#end(current, false, "superseded by a newer link");
    const { control, bulk } = session.links;
    if (this.#session === session && control !== undefined && bulk !== undefined) this.#stand(session);
  }

  /** Bytes on their way on the bulk link. */
  get bulkBytes(): number {
    return this.#session?.links.bulk?.waitingBytes ?? 0;
  }

  /** Queues a message; false when it cannot be sent and is dropped. */
  send(message: PeerMessage): boolean {
    const link = this.#session?.up === true ? this.#session.links[kindOf(message)] : undefined;
    if (link === undefined) return false;
    // The core bounds the entries of a turn itself; of those, only what did not leave in earlier turns is too much.
    if (message.type === "append" && link.bufferedBytes > highWaterBytes) return false;
    if (message.type === "app" && link.waitingBytes > highWaterBytes) return false;
    if (link.waitingBytes > limitBytes) {
      this.close("the other side does not read");
      return false;
    }
    link.queue(message);
    return true;
  }

  flush(): void {
    const links = this.#session?.links;
    links?.control?.flush();
    links?.bulk?.flush();
  }

  /**
   * Closes links when one of them has been silent for two election timeouts, and shows life on those that said nothing for
   * half of one. While a large frame arrives on the other, a link may have to wait for it: it has ten. `canTell`: false
   * on a side that cannot tell who was silent.
   */
  maintain(nowMs: number, electionTimeoutMs: number, canTell: boolean): void {
    const links = this.#links();
    for (const link of links) link.look();
    const silentMs = nowMs - 2 * electionTimeoutMs;
    const isBusy = links.some((link) => link.partMs >= silentMs);
    const lostMs = isBusy ? nowMs - 10 * electionTimeoutMs : silentMs;
    if (canTell && links.some((link) => link.heardMs < lostMs)) this.close("silent for too long");
    for (const link of this.#links()) if (link.sentMs < nowMs - electionTimeoutMs / 2) link.keepAlive();
  }

  /** True when the links prove data that is no member's, and are not those of somebody who knows better. */
  contradicts(known: Directory): boolean {
    const session = this.#session;
    if (session === null || session.version > known.current.index) return false;
    return !isKnownAs(known, this.id, session.incarnation);
  }

  /**
   * Whether a process may not take the place of the one that is linked: `maybe` while that one, with the same data, was
   * heard of late; `yes` once it goes on being heard. Two that count as one member could each promise the contrary.
   */
  isRival(process: number, incarnation: string, nowMs: number, electionTimeoutMs: number): Rivalry {
    const session = this.#session;
    const control = session?.up === true ? session.links.control : undefined;
    if (session?.incarnation !== incarnation || session.process === process || control === undefined)
      return "no";
    // Bulk may go on arriving for long after whoever sent it died.
    const { heardMs } = control;
    if (nowMs - heardMs > electionTimeoutMs) return "no";
    if (this.#rival?.process !== process) this.#rival = { process, sinceMs: nowMs };
    return heardMs - this.#rival.sinceMs > timeoutsToBeSure * electionTimeoutMs ? "yes" : "maybe";
  }

  /** Ends what is left of an attempt that failed, and nothing that came otherwise. */
  closeAttempt(life: number, attempt: number): void {
    if (this.#session?.life === life && this.#session.attempt === attempt) this.close("the attempt failed");
  }

  /** Ends all links from this side. */
  close(reason: string): void {
    this.#drop(false, reason);
  }

  message(link: PeerLink, message: PeerMessage): void {
    const session = this.#session;
    if (session?.links[link.kind] !== link) return;
    if (session.up) this.#events.receive(this.id, session.incarnation, message);
    else this.#keepEarly(session, message);
  }

  ended(link: PeerLink, byPeer: boolean, reason: string): void {
    if (this.#session?.links[link.kind] === link) this.#drop(byPeer, reason);
  }

  #stand(session: Session): void {
    session.up = true;
    this.#events.up(this.id, session.incarnation);
    for (const message of session.early.splice(0))
      if (this.#session === session) this.#events.receive(this.id, session.incarnation, message);
  }

  #keepEarly({ early }: Session, message: PeerMessage): void {
    early.push(message);
    const bytes = early.reduce((sum, one) => sum + messageBytes(one), 0);
    if (early.length > mostEarly.messages || bytes > mostEarly.bytes)
      this.close("too much before both links stand");
  }

  #drop(byPeer: boolean, reason: string): void {
    const session = this.#session;
    this.#session = null;
    if (session !== null) this.#end(session, byPeer, reason);
  }

  #end(session: Session, byPeer: boolean, reason: string): void {
    for (const link of this.#links(session)) link.close(reason);
    if (session.up) this.#events.down(this.id, byPeer);
    this.#events.ended(this.id, reason);
  }

  #links(session: Session | null = this.#session): PeerLink[] {
    const { control, bulk } = session?.links ?? {};
    return [control, bulk].filter((link) => link !== undefined);
  }
}

function kindOf(message: PeerMessage): LinkKind {
  switch (message.type) {
    case "append":
    case "snapshot-chunk":
    case "forward":
      return "bulk";
    case "app":
      return message.payload.length > mostOnControlBytes ? "bulk" : "control";
    default:
      return "control";
  }
}
