import type { Operation, Result, Stat } from "@flotilla/kv";
import { encodeResult } from "@flotilla/kv";
import type { Channel, ClientHost } from "@flotilla/runtime";
import { FlotillaError, memoryChannelPair } from "@flotilla/runtime";
import { Kernel } from "@flotilla/runtime/sim";
import type { SimNode } from "@flotilla/runtime/sim";
import type { Dialer, OnPort } from "../../src/client/dialer.ts";
import { overChannel } from "../../src/client/dialer.ts";
import type { OpenSessionOptions } from "../../src/client/open-session.ts";
import { openSession } from "../../src/client/open-session.ts";
import type { ClientSession } from "../../src/client/session.ts";
import { decodeClientMessage } from "../../src/wire/client-codec.ts";
import { maxFrameBytes } from "../../src/wire/bounds.ts";
import type { ClientMessage, ServerMessage } from "../../src/wire/messages.ts";
import { clientProtocol } from "../../src/wire/messages.ts";
import { encodeServerMessage } from "../../src/wire/server-codec.ts";

export const historyId = "h".repeat(32);

export function stat(over: Partial<Stat> = {}): Stat {
  return {
    czxid: 1,
    mzxid: 1,
    pzxid: 1,
    ctimeMs: 0,
    mtimeMs: 0,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: null,
    dataLength: 0,
    numChildren: 0,
    container: false,
    ttlMs: null,
    ...over,
  };
}

export type Of<T extends ClientMessage["type"]> = Extract<ClientMessage, { type: T }>;

/** What the servers do by themselves; a test turns parts off and plays them. */
export interface Manners {
  attach: boolean;
  apply: boolean;
  /** Tell the results of what was applied. */
  answer: boolean;
  read: boolean;
  arm: boolean;
  renew: boolean;
  pong: boolean;
}

/** One channel as a server sees it. */
export class FakeConnection {
  readonly server: string;
  readonly received: ClientMessage[] = [];
  isOpen = true;
  readonly #channel: Channel;

  constructor(server: string, channel: Channel) {
    this.server = server;
    this.#channel = channel;
  }

  send(message: ServerMessage): void {
    this.#channel.send(encodeServerMessage(message));
  }

  sendFrame(frame: Uint8Array): void {
    this.#channel.send(frame);
  }

  close(): void {
    this.isOpen = false;
    this.#channel.close();
  }

  of<T extends ClientMessage["type"]>(type: T): Of<T>[] {
    return this.received.filter((message): message is Of<T> => message.type === type);
  }
}

/** Servers that keep the protocol for one session, on the client's own machine and its clock. */
export class FakeCluster {
  readonly kernel: Kernel;
  readonly node: SimNode;
  readonly host: ClientHost;
  readonly manners: Manners = {
    attach: true,
    apply: true,
    answer: true,
    read: true,
    arm: true,
    renew: true,
    pong: true,
  };
  readonly connections: FakeConnection[] = [];
  /** Operations in the order they took effect. */
  readonly applied: { seq: number; operation: Operation }[] = [];
  readonly results = new Map<number, Uint8Array>();
  readonly dialed: string[] = [];
  /** Leases that nobody vouches for. */
  readonly refused = new Set<string>();
  /** What the next dials meet instead of a server. */
  readonly refusals: FlotillaError[] = [];
  servers: string[] = ["a"];
  lastSeq = 0;
  lastAck = 0;
  revision = 0;
  /** Makes the result of an operation. */
  judge: (operation: Operation) => Result | undefined = () => undefined;
  #next = 0;

  constructor(seed = 1) {
    this.kernel = new Kernel({ seed: String(seed) });
    this.node = this.kernel.node("client");
    this.host = this.node.start();
  }

  get last(): FakeConnection {
    const connection = this.connections.at(-1);
    if (connection === undefined) throw new Error("no connection yet");
    return connection;
  }

  get dialer(): Dialer {
    // The servers are what the test says they are at the time of the call.
    const servers = (): string[] => this.servers;
    return {
      get choices() {
        return servers().length;
      },
      learn: () => {},
      dial: async (onReady, signal) => this.#dial(onReady, signal),
    };
  }

  async open(options: Partial<OpenSessionOptions> = {}): Promise<ClientSession> {
    return this.kernel.until(openSession({ host: this.host, dialer: this.dialer, ...options }));
  }

  /** Lets virtual time pass. */
  async pass(ms: number): Promise<void> {
    await this.kernel.run({ untilMs: this.kernel.nowMs + ms });
  }

  async until<T>(promise: Promise<T>, withinMs?: number): Promise<T> {
    return this.kernel.until(promise, withinMs);
  }

  answerAll(connection: FakeConnection, from: number): void {
    for (let seq = from; seq <= this.lastSeq; seq += 1) this.#tell(connection, seq);
  }

  async #dial(onReady: OnPort, signal: AbortSignal): Promise<void> {
    await Promise.resolve();
    const server = this.servers[this.#next++ % this.servers.length] ?? "none";
    this.dialed.push(server);
    const refusal = this.refusals.shift();
    if (refusal !== undefined) throw refusal;
    if (signal.aborted) throw new FlotillaError("ERR_FLOTILLA_ABORTED", "aborted");
    const [near, far] = memoryChannelPair((fn) => this.host.clock.defer(fn), {
      protocol: clientProtocol,
      maxFrameBytes,
    });
    const connection = new FakeConnection(server, far);
    this.connections.push(connection);
    far.handle({
      message: (frame) => this.#receive(connection, decodeClientMessage(frame)),
      end: () => {
        connection.isOpen = false;
      },
    });
    near.handle(overChannel(near, onReady));
  }

  #receive(connection: FakeConnection, message: ClientMessage): void {
    connection.received.push(message);
    switch (message.type) {
      case "attach":
        if (this.manners.attach) this.attach(connection, message);
        return;
      case "request":
        this.lastAck = message.ack;
        if (this.manners.apply) this.#apply(connection, message);
        return;
      case "read":
        if (!this.manners.read) return;
        connection.send({
          type: "read-result",
          id: message.id,
          revision: this.revision,
          answer: message.query.type === "sync" ? { type: "done" } : { type: "node", node: null },
        });
        return;
      case "watch": {
        const token = message.watch.from ?? { historyId, revision: this.revision, ordinal: 0 };
        if (this.manners.arm) connection.send({ type: "armed", id: message.watch.id, token });
        return;
      }
      case "renew":
        if (this.manners.renew)
          connection.send({ type: "renewed", number: message.number, refused: [...this.refused] });
        return;
      case "ping":
        if (this.manners.pong) connection.send({ type: "pong", number: message.number });
        return;
      case "unwatch":
    }
  }

  attach(connection: FakeConnection, message: Of<"attach">): void {
    connection.send({
      type: "attached",
      attach: message.attach,
      lastSeq: this.lastSeq,
      ttlMs: message.ttlMs ?? 10_000,
      node: connection.server,
      historyId,
      revision: this.revision,
      endpoints: [],
    });
    for (const { id, from } of message.watches)
      if (from !== null) connection.send({ type: "armed", id, token: from });
    if (this.manners.answer) this.answerAll(connection, this.lastAck + 1);
  }

  #apply(connection: FakeConnection, { seq, operation }: Of<"request">): void {
    if (seq > this.lastSeq + 1) {
      connection.send({ type: "resend", from: this.lastSeq + 1 });
      return;
    }
    if (seq === this.lastSeq + 1) {
      this.lastSeq = seq;
      this.applied.push({ seq, operation });
      this.results.set(seq, encodeResult(this.judge(operation) ?? this.#done(operation)));
    }
    if (this.manners.answer) this.#tell(connection, seq);
  }

  #done(operation: Operation): Result {
    this.revision += 1;
    const paths =
      operation.type === "multi"
        ? operation.ops.map((op) => op.path)
        : ["path" in operation ? operation.path : "/"];
    return {
      ok: true,
      revision: this.revision,
      results: paths.map((path) => ({ ok: true, path, stat: stat({ mzxid: this.revision }) })),
    };
  }

  #tell(connection: FakeConnection, seq: number): void {
    const result = this.results.get(seq);
    if (result !== undefined) connection.send({ type: "result", seq, result });
  }
}

/** The error a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<FlotillaError> {
  try {
    await promise;
  } catch (error) {
    if (FlotillaError.is(error)) return error;
    throw error;
  }
  throw new Error("it did not reject");
}
