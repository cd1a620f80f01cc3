import type { Operation, Result } from "@flotilla/kv";
import { decodeResult, Machine } from "@flotilla/kv";
import type { Proposed, RaftStatus } from "@flotilla/raft";
import type { Channel, ClientHost } from "@flotilla/runtime";
import { FlotillaError, memoryChannelPair, silentLogger } from "@flotilla/runtime";
import { simProber, simResolver } from "@flotilla/runtime/sim";
import type { Parts } from "../../src/server/parts.ts";
import { assemble } from "../../src/server/parts.ts";
import type { RaftPort } from "../../src/server/raft-port.ts";
import { maxFrameBytes } from "../../src/wire/bounds.ts";
import { frameHandler } from "../../src/ports/frame-port.ts";
import { decodeClientMessage, encodeClientMessage } from "../../src/wire/client-codec.ts";
import type { ClientMessage, Query, ServerMessage, WatchSpec } from "../../src/wire/messages.ts";
import { clientProtocol } from "../../src/wire/messages.ts";
import { decodeServerMessage, encodeServerMessage } from "../../src/wire/server-codec.ts";
import { FakeClock } from "./fake-clock.ts";

export const sessionA = "a".repeat(32);
export const sessionB = "b".repeat(32);
export const historyId = "f".repeat(32);

interface Pending {
  readonly payload: Uint8Array;
  readonly resolve: (proposed: Proposed) => void;
  readonly reject: (error: Error) => void;
}

/** A log of one's own: the test says what is committed, dropped or lost. */
export class FakeRaft implements RaftPort {
  readonly pending: Pending[] = [];
  readonly reads: { readonly resolve: (index: number) => void; readonly reject: (error: Error) => void }[] =
    [];
  readonly #parts: Parts;
  leader: string | null = "n1";
  index = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async propose(payload: Uint8Array): Promise<Proposed> {
    return new Promise((resolve, reject) => this.pending.push({ payload, resolve, reject }));
  }

  async read(): Promise<number> {
    return new Promise((resolve, reject) => this.reads.push({ resolve, reject }));
  }

  send(): void {}

  fail(): void {}

  status(): RaftStatus {
    const voters = [{ id: "n1", address: "127.0.0.1:1", incarnation: "0".repeat(32) }];
    return {
      id: "n1",
      role: this.leader === "n1" ? "leader" : "follower",
      term: 1,
      leader: this.leader,
      established: this.leader === "n1",
      commit: this.index,
      applied: this.index,
      lastIndex: this.index,
      firstIndex: 1,
      logBytes: 0,
      snapshotIndex: 0,
      configuration: { index: 1, historyId, voters, outgoing: [], learners: [], leaseReads: false },
      configurationCommitted: true,
      memberSince: 1,
      peers: [],
      waiting: { proposals: 0, reads: 0 },
    };
  }

  /** Applies the first `count` proposals, all of them by default, one after the other in one turn. */
  commit(count: number = this.pending.length): void {
    for (const { payload, resolve } of this.pending.splice(0, count)) {
      this.index += 1;
      const command = { index: this.index, term: 1, timeMs: 1_000 + this.index, payload };
      resolve({ index: this.index, term: 1, result: this.#parts.stateMachine.apply(command) });
    }
  }

  /** The proposal at `position` is certainly not in the log. */
  drop(position: number): void {
    this.pending.splice(position, 1)[0]?.reject(new FlotillaError("ERR_FLOTILLA_DROPPED", "dropped"));
  }

  /** Nobody knows what became of the proposal at `position`. */
  lose(position: number): void {
    const lost = new FlotillaError("ERR_FLOTILLA_UNKNOWN_OUTCOME", "lost", { ambiguous: true });
    this.pending.splice(position, 1)[0]?.reject(lost);
  }

  confirmReads(): void {
    for (const { resolve } of this.reads.splice(0)) resolve(this.index);
  }

  setLeader(leader: string | null): void {
    this.leader = leader;
    this.#parts.keeper.onStatus(this.status());
    this.#parts.hub.leaderChanged();
  }
}

/** One channel to the server, as bytes. */
export class RawClient {
  readonly heard: ServerMessage[] = [];
  ended: string | null = null;
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
    channel.handle({
      message: (frame) => void this.heard.push(decodeServerMessage(frame)),
      end: (end) => {
        this.ended = end.reason;
      },
    });
  }

  send(message: ClientMessage): void {
    this.#channel.send(encodeClientMessage(message));
  }

  sendFrame(frame: Uint8Array): void {
    this.#channel.send(frame);
  }

  close(): void {
    this.#channel.close();
  }

  attach(
    session: string,
    attach: number,
    more: { ttlMs?: number | null; watches?: readonly WatchSpec[] } = {},
  ): void {
    const { ttlMs = 10_000, watches = [] } = more;
    this.send({ type: "attach", session, secret: new Uint8Array(16), attach, ttlMs, watches, auth: [] });
  }

  request(seq: number, operation: Operation, ack: number = 0): void {
    this.send({ type: "request", seq, ack, operation });
  }

  read(id: number, query: Query, more: { after?: number; linearizable?: boolean } = {}): void {
    const { after = 0, linearizable = false } = more;
    this.send({ type: "read", id, after, linearizable, query });
  }

  /** Everything heard of one kind. */
  of<T extends ServerMessage["type"]>(type: T): Extract<ServerMessage, { type: T }>[] {
    return this.heard.filter(
      (message): message is Extract<ServerMessage, { type: T }> => message.type === type,
    );
  }

  /** Results by seq, in the order heard. */
  get results(): [seq: number, result: Result][] {
    return this.of("result").map(({ seq, result }) => [seq, decodeResult(result)]);
  }

  /** Values that reads found, as text; null without a node. */
  get values(): (string | null)[] {
    return this.of("read-result").map(({ answer }) => {
      if (answer.type !== "node") throw new Error(`not a node: ${answer.type}`);
      return answer.node === null ? null : new TextDecoder().decode(answer.node.value);
    });
  }

  /** Kinds of what was heard, in order. */
  get kinds(): string[] {
    return this.heard.map((message) => message.type);
  }
}

/** A member without raft and network: sessions on memory channels, and a log that the test moves. */
export class World {
  readonly clock = new FakeClock();
  readonly parts: Parts;
  readonly raft: FakeRaft;
  /** Reported as outstanding on every channel of the server. */
  bufferedBytes = 0;
  /** What the server sends stays outstanding. */
  isStalled = false;

  constructor(machine: Machine = new Machine()) {
    const host: ClientHost = {
      clock: this.clock,
      random: { u32: () => 7, below: () => 0, float: () => 0, bytes: (length) => new Uint8Array(length) },
      network: {
        listen: () => Promise.reject(new Error("no network")),
        dial: () => Promise.reject(new Error("no network")),
        datagrams: () => Promise.reject(new Error("no network")),
      },
      resolver: simResolver,
      prober: simProber,
      logger: silentLogger,
      probe: () => {},
    };
    this.parts = assemble(host, { id: "n1", cluster: "test", secret: undefined }, {}, machine);
    this.raft = new FakeRaft(this.parts);
    this.parts.raft.bind(this.raft);
    this.raft.setLeader("n1");
  }

  client(): RawClient {
    const [near, far] = memoryChannelPair((fn) => this.clock.defer(fn), {
      protocol: clientProtocol,
      maxFrameBytes,
    });
    const outstanding = (): number => this.bufferedBytes;
    const session = this.parts.door.acceptLocal({
      get bufferedBytes() {
        return outstanding();
      },
      send: (message) => {
        const frame = encodeServerMessage(message);
        if (this.isStalled) this.bufferedBytes += frame.length;
        far.send(frame);
      },
      close: (reason) => far.close(reason),
    });
    far.handle(frameHandler(session, (frame) => decodeClientMessage(frame)));
    return new RawClient(near);
  }

  /** A channel from the network that says nothing yet. */
  stranger(): { readonly ended: string | null } {
    const [near, far] = memoryChannelPair((fn) => this.clock.defer(fn), {
      protocol: clientProtocol,
      maxFrameBytes,
    });
    const seen: { ended: string | null } = { ended: null };
    near.handle({
      message: () => {},
      end: (end) => {
        seen.ended = end.reason;
      },
    });
    this.parts.door.accept(far);
    return seen;
  }

  /** A client whose session is attached, with nothing heard yet. */
  async attached(session: string = sessionA, watches: readonly WatchSpec[] = []): Promise<RawClient> {
    const client = this.client();
    client.attach(session, 1, { watches });
    await this.settle();
    this.raft.commit();
    await this.settle();
    client.heard.length = 0;
    return client;
  }

  /** Delivers everything under way. */
  settle(): Promise<void> {
    return this.clock.settle();
  }

  async commit(count?: number): Promise<void> {
    this.raft.commit(count);
    await this.settle();
  }
}

export function put(path: string, value: string): Operation {
  return { type: "put", path, value: new TextEncoder().encode(value), if: {} };
}

export function get(path: string): Query {
  return { type: "get", path };
}

export function spec(id: number, path: string, more: Partial<WatchSpec> = {}): WatchSpec {
  return { id, path, kind: "recursive", from: null, wants: null, ...more };
}
