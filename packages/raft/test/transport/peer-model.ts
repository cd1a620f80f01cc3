import type { Channel, ChannelEnd, Clock } from "@flotilla/runtime";
import { seeded } from "../core/member.ts";
import { decodeFrame, peerMaxFrameBytes } from "../../src/transport/message-codec.ts";
import type { PeerMessage } from "../../src/transport/message-codec.ts";
import type { LinkKind } from "../../src/transport/peer-identity.ts";
import { PeerLink } from "../../src/transport/peer-link.ts";
import { Peer } from "../../src/transport/peer.ts";

const names = ["a", "b"] as const;
const kinds = ["control", "bulk"] as const;
type Name = (typeof names)[number];

const electionTimeoutMs = 400;
const incarnation = "1".repeat(32);
/** What may wait for a side that does not read, whoever sends it and however. */
const mostBufferedBytes = 36 << 20;
const largePayload = new Uint8Array(1 << 20);
const smallPayload = new Uint8Array(40);

/** One direction of a channel, with what is on its way. */
class Direction implements Channel {
  readonly protocol: string = "model";
  readonly remoteAddress: string = "model";
  readonly frames: Uint8Array[] = [];
  bufferedBytes = 0;
  /** In the other direction. */
  receivedBytes = 0;
  isOpen = true;
  isStuck = false;
  /** Told to the other side after the frames; null before it is closed. */
  end: ChannelEnd | null = null;

  handle(): void {}

  send(frame: Uint8Array): void {
    if (!this.isOpen) return;
    this.frames.push(frame);
    this.bufferedBytes += frame.length;
  }

  close(reason: string = ""): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.end = { cause: "closed", remote: true, reason };
  }

  take(): Uint8Array | undefined {
    const frame = this.frames.shift();
    this.bufferedBytes -= frame?.length ?? 0;
    return frame;
  }
}

/** The end of a link at one side: what it sends goes to `out`, what it hears comes from `other.out`. */
interface End {
  readonly side: Name;
  readonly session: Session;
  readonly kind: LinkKind;
  readonly link: PeerLink;
  readonly out: Direction;
  heardMs: number;
  /** A part of a frame arrived since it was last looked for, or a whole one; when one was found. */
  hasPart: boolean;
  partMs: number;
  /** The newest message heard. */
  heard: number;
}

interface Session {
  readonly number: number;
  readonly ends: End[];
  /** Something happened to it after which it may end. */
  isHarmed: boolean;
}

/**
 * Two peers and the links between them, which are replaced, stall, fall silent and carry frames that nobody can read. Only
 * what was sent on the links that stand is heard, in order and once; links that nobody harmed go on; those that cannot
 * be used end; and what waits for a side that does not read is bounded.
 */
export class PeerModel {
  readonly counts = { heard: 0, sessions: 0, unreadable: 0, silent: 0, full: 0 };
  readonly #random;
  readonly #sides: Readonly<Record<Name, Peer>>;
  readonly #sessions: Session[] = [];
  #nowMs = 0;
  #sent = 0;
  #delivering: End | null = null;

  constructor(seed: number) {
    this.#random = seeded(seed);
    this.#sides = { a: this.#peer("a"), b: this.#peer("b") };
    this.#connect();
  }

  run(steps: number): void {
    for (let k = 0; k < steps; k += 1) {
      this.#act();
      for (const { out } of this.#ends()) {
        if (out.bufferedBytes > mostBufferedBytes)
          throw new Error(`${out.bufferedBytes} bytes wait for a side that does not read`);
      }
    }
  }

  #peer(side: Name): Peer {
    return new Peer(side === "a" ? "b" : "a", {
      up: () => {},
      down: () => {},
      receive: (_from, _incarnation, message) => this.#heard(side, message),
      ended: (_peer, reason) => {
        const session = this.#sessions.at(-1);
        if (session !== undefined && !session.isHarmed)
          throw new Error(`a link that nobody harmed ended at ${side}: ${reason}`);
      },
    });
  }

  #ends(): End[] {
    return this.#sessions.slice(-2).flatMap(({ ends }) => ends);
  }

  #oneOf<T>(items: readonly T[]): T | undefined {
    return items[this.#random.below(Math.max(1, items.length))];
  }

  #act(): void {
    const roll = this.#random.below(1000);
    const side = this.#oneOf(names) ?? "a";
    const end = this.#oneOf(this.#ends());
    if (roll < 300) this.#send(side);
    else if (roll < 450) this.#sides[side].flush();
    else if (roll < 840 && end !== undefined) this.#deliver(end);
    else if (roll < 850 && end !== undefined) this.#arriveInPart(end);
    else if (roll < 910) this.#nowMs += this.#random.below(300);
    else if (roll < 940) this.#maintain(side);
    else if (roll < 960 && end !== undefined) end.out.isStuck = !end.out.isStuck;
    else if (roll < 970 && end !== undefined) this.#spoil(end);
    else if (roll < 972) this.#burst(side, 6000, () => this.#heartbeat());
    else if (roll < 975) this.#burst(side, 45, () => this.#forward(largePayload));
    else if (roll < 985) this.#connect();
    else this.#freshen();
  }

  /** Links stand anew; what is on its way on the old ones may still arrive. */
  #connect(): void {
    for (const session of this.#sessions) session.isHarmed = true;
    this.counts.sessions += 1;
    const session: Session = { number: this.counts.sessions, ends: [], isHarmed: true };
    for (const side of names) {
      for (const kind of kinds) {
        const out = new Direction();
        const link = new PeerLink(kind, out, this.#clock, this.#sides[side]);
        session.ends.push({
          side,
          session,
          kind,
          link,
          out,
          heardMs: this.#nowMs,
          hasPart: false,
          partMs: -Infinity,
          heard: 0,
        });
      }
    }
    this.#sessions.push(session);
    const identity = { incarnation, version: 0, life: 1, attempt: session.number, level: 1 };
    for (const { side, link } of session.ends) this.#sides[side].attach(link, identity);
    session.isHarmed = false;
  }

  /** Links that ended are replaced. */
  #freshen(): void {
    if (names.some((side) => !this.#sides[side].isUp)) this.#connect();
  }

  readonly #clock: Clock = {
    now: () => this.#nowMs,
    wallNow: () => this.#nowMs,
    setTimer: () => ({ cancel: () => {} }),
    defer: () => {},
  };

  #heartbeat(): PeerMessage {
    this.#sent += 1;
    return { type: "heartbeat", term: 1, commit: 0, round: this.#sent };
  }

  #forward(payload: Uint8Array): PeerMessage {
    this.#sent += 1;
    return { type: "forward", term: 1, firstId: this.#sent, payloads: [payload] };
  }

  #append(): PeerMessage {
    this.#sent += 1;
    return { type: "append", term: 1, prev: { index: this.#sent, term: 1 }, commit: 0, entries: [] };
  }

  #send(side: Name): void {
    const roll = this.#random.below(3);
    const message =
      roll === 0 ? this.#heartbeat() : roll === 1 ? this.#append() : this.#forward(smallPayload);
    this.#sides[side].send(message);
  }

  /** More than fits one frame, or than may wait. */
  #burst(side: Name, count: number, make: () => PeerMessage): void {
    for (let k = 0; k < count; k += 1) {
      if (this.#ends().some(({ out }) => out.bufferedBytes > 30 << 20)) this.#harm("full");
      this.#sides[side].send(make());
      if (count < 100) this.#sides[side].flush();
    }
    this.#sides[side].flush();
  }

  #harm(why: "full" | "silent" | "unreadable"): void {
    const session = this.#sessions.at(-1);
    if (session === undefined || session.isHarmed) return;
    session.isHarmed = true;
    this.counts[why] += 1;
  }

  #other({ session, side, kind }: End): End | undefined {
    return session.ends.find((end) => end.side !== side && end.kind === kind);
  }

  /** The oldest frame on its way from `end` arrives at the other side. */
  #deliver(end: End): void {
    const other = this.#other(end);
    if (end.out.isStuck || other === undefined) return;
    const frame = end.out.take();
    if (frame !== undefined) this.#arrive(other, frame);
    else if (end.out.end !== null) {
      end.session.isHarmed = true;
      other.link.end(end.out.end);
    }
  }

  #arriveInPart(end: End): void {
    end.out.receivedBytes += 1;
    end.hasPart = true;
  }

  #arrive(end: End, frame: Uint8Array): void {
    if (frame.length > peerMaxFrameBytes) throw new Error(`a frame of ${frame.length} bytes`);
    this.#delivering = end;
    end.out.receivedBytes += frame.length;
    end.hasPart = false;
    end.link.message(frame);
    this.#delivering = null;
    end.heardMs = this.#nowMs;
  }

  #heard(side: Name, message: PeerMessage): void {
    const end = this.#delivering;
    const number = numberOf(message);
    if (end === null || end.side !== side) throw new Error(`${side} hears what nobody sent it`);
    if (end.session !== this.#sessions.at(-1)) throw new Error(`${side} hears a link that was replaced`);
    if (number <= end.heard) throw new Error(`${side} hears ${number} after ${end.heard}`);
    end.heard = number;
    this.counts.heard += 1;
  }

  /** The next frame from `end` is cut, grown or noise: a link with such a frame cannot be used. */
  #spoil(end: End): void {
    const other = this.#other(end);
    const frame = end.out.take();
    if (frame === undefined || other === undefined) return;
    const spoilt = this.#spoilt(frame);
    if (isReadable(spoilt)) return this.#arrive(other, frame);
    if (end.session === this.#sessions.at(-1)) this.#harm("unreadable");
    this.#arrive(other, spoilt);
    if (other.out.isOpen) throw new Error(`${other.side} goes on after a frame that it could not read`);
  }

  #spoilt(frame: Uint8Array): Uint8Array {
    const roll = this.#random.below(3);
    if (roll === 0) return frame.slice(0, this.#random.below(frame.length));
    if (roll === 1) return Uint8Array.of(...frame.slice(0, 100), this.#random.below(256));
    return this.#random.bytes(1 + this.#random.below(60));
  }

  #maintain(side: Name): void {
    const silentSinceMs = this.#nowMs - 2 * electionTimeoutMs;
    const session = this.#sessions.at(-1);
    const own = session?.ends.filter((end) => end.side === side) ?? [];
    for (const end of own) {
      if (end.hasPart) end.heardMs = end.partMs = this.#nowMs;
      end.hasPart = false;
    }
    const isBusy = own.some((end) => end.partMs >= silentSinceMs);
    const lostSinceMs = this.#nowMs - 10 * electionTimeoutMs;
    const isSilent = own.some((end) => end.heardMs < (isBusy ? lostSinceMs : silentSinceMs));
    if (isSilent && this.#sides[side].isUp) this.#harm("silent");
    this.#sides[side].maintain(this.#nowMs, electionTimeoutMs, true);
    if (isSilent && this.#sides[side].isUp) throw new Error(`${side} keeps a link that has long been silent`);
  }
}

function isReadable(frame: Uint8Array): boolean {
  try {
    decodeFrame(frame);
    return true;
  } catch {
    return false;
  }
}

function numberOf(message: PeerMessage): number {
  if (message.type === "heartbeat") return message.round;
  if (message.type === "append") return message.prev.index;
  return message.type === "forward" ? message.firstId : 0;
}
