import type { Socket } from "node:net";
import { connect } from "node:net";
import type { LoadClient } from "./client.ts";
import { checkValueLength, keyPath, root, standardValue } from "./client.ts";
import { JuteWriter, PacketSplitter } from "./jute.ts";

const op = {
  create: 1,
  delete: 2,
  getData: 4,
  setData: 5,
  getChildren: 8,
  sync: 9,
  ping: 11,
  multi: 14,
  addWatch: 106,
  close: -11,
} as const;
const persistent = 0;
const ephemeral = 1;
const ephemeralSequential = 3;
const noNode = -101;
const badVersion = -103;
const pingXid = -2;
const watchXid = -1;
const standardTimeoutMs = 30_000;
const nodeExists = -110;
/** xid, zxid and error code stand before every answer. */
const replyHeaderBytes = 16;
/** In a stat, behind the two transactions and times of its creation and last set. */
const versionOffset = 32;
const line = "/bench-line";
/** Of a multi: what follows each item, and what stands for one that failed. */
const failedItem = -1;

interface Pending {
  readonly done: (packet: Buffer) => void;
  readonly failed: (error: Error) => void;
}

/** One ZooKeeper session over its wire protocol: answers come in the order of the requests. */
export class ZooKeeperClient implements LoadClient {
  readonly #socket: Socket;
  readonly #pending: Pending[] = [];
  readonly #watches = new Map<string, () => void>();
  readonly #value: Uint8Array;
  #head = 0;
  #xid = 0;
  #timeoutMs = 0;
  #failure: Error | null = null;
  #connected: Pending | null = null;
  #pings: NodeJS.Timeout | null = null;

  private constructor(port: number, value: Uint8Array) {
    this.#value = value;
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.setNoDelay(true);
    const splitter = new PacketSplitter((packet) => this.#receive(packet));
    this.#socket.on("data", (chunk: Buffer) => splitter.push(chunk));
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("ZooKeeper closed the connection")));
  }

  /** Opens a session with the server on that port of loopback, which may grant another timeout than asked for. */
  static async open(
    port: number,
    value: Uint8Array = standardValue,
    askedMs: number = standardTimeoutMs,
  ): Promise<ZooKeeperClient> {
    const client = new ZooKeeperClient(port, value);
    const hello = new JuteWriter().int(0).long(0n).int(askedMs).long(0n).bytes(new Uint8Array(16));
    const answer = await new Promise<Buffer>((done, failed) => {
      client.#connected = { done, failed };
      client.#socket.write(hello.bool(false).packet());
    });
    const sessionTimeoutMs = answer.readInt32BE(4);
    if (sessionTimeoutMs <= 0) throw new Error("ZooKeeper refused the session");
    client.#timeoutMs = sessionTimeoutMs;
    const ping = new JuteWriter().int(pingXid).int(op.ping).packet();
    client.#pings = setInterval(() => client.#socket.write(ping), sessionTimeoutMs / 3);
    client.#pings.unref();
    return client;
  }

  /** As granted, ms. */
  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  async create(key: number): Promise<void> {
    await this.createNode(keyPath(key));
  }

  async createAll(keys: readonly number[]): Promise<void> {
    const request = this.#begin(op.multi);
    for (const key of keys) {
      request.int(op.create).bool(false).int(-1);
      this.#creation(request, keyPath(key), persistent);
    }
    const packet = accepted(await this.#send(request.int(-1).bool(true).int(-1)));
    if (packet.readInt32BE(replyHeaderBytes) === failedItem) throw new Error("ZooKeeper refused a multi");
  }

  /** Makes the nodes under which all keys, and all places in a line, stand. */
  async createRoot(): Promise<void> {
    await this.createNode(root);
    await this.createNode(line);
  }

  async ephemeral(): Promise<void> {
    await this.delete(await this.createEphemeralSequential(`${line}/e-`));
  }

  async set(key: number): Promise<void> {
    const request = this.#begin(op.setData).text(keyPath(key)).bytes(this.#value).int(-1);
    accepted(await this.#send(request));
  }

  /** Sync, then read, in one go: the session's order makes it linearizable. */
  async get(key: number): Promise<void> {
    const sync = this.#send(this.#begin(op.sync).text(root));
    const read = this.getLocal(key);
    accepted(await sync);
    await read;
  }

  /** Resolves once the server at hand has everything that was committed at the call. */
  async sync(): Promise<void> {
    accepted(await this.#send(this.#begin(op.sync).text(root)));
  }

  async getLocal(key: number): Promise<void> {
    const request = this.#begin(op.getData).text(keyPath(key)).bool(false);
    const packet = accepted(await this.#send(request));
    checkValueLength(packet.readInt32BE(replyHeaderBytes), this.#value.length);
  }

  async close(): Promise<void> {
    if (this.#pings !== null) clearInterval(this.#pings);
    const closed = new Promise<void>((done) => this.#socket.once("close", () => done()));
    await this.#send(this.#begin(op.close));
    this.#socket.end();
    await closed;
  }

  /** Makes a node unless it is there. */
  async createNode(path: string): Promise<void> {
    const packet = await this.#create(path, persistent);
    if (packet.readInt32BE(12) !== nodeExists) accepted(packet);
  }

  /** Makes a node that goes with the session; resolves with its path, which ends with a number. */
  async createEphemeralSequential(prefix: string): Promise<string> {
    return textAt(accepted(await this.#create(prefix, ephemeralSequential)), replyHeaderBytes).text;
  }

  async children(path: string): Promise<string[]> {
    const packet = accepted(await this.#send(this.#begin(op.getChildren).text(path).bool(false)));
    const names: string[] = [];
    let at = replyHeaderBytes + 4;
    for (let left = packet.readInt32BE(replyHeaderBytes); left > 0; left -= 1) {
      const { text, end } = textAt(packet, at);
      names.push(text);
      at = end;
    }
    return names;
  }

  async delete(path: string): Promise<void> {
    accepted(await this.#send(this.#begin(op.delete).text(path).int(-1)));
  }

  /** How often a node was set, as the server at hand has it. */
  async version(path: string): Promise<number> {
    const packet = accepted(await this.#send(this.#begin(op.getData).text(path).bool(false)));
    const stat = textAt(packet, replyHeaderBytes).end;
    return packet.readInt32BE(stat + versionOffset);
  }

  /** Sets a node that was set so often; false when it was set more often. */
  async setIfVersion(path: string, version: number): Promise<boolean> {
    const packet = await this.#send(this.#begin(op.setData).text(path).bytes(this.#value).int(version));
    if (packet.readInt32BE(12) === badVersion) return false;
    accepted(packet);
    return true;
  }

  /** Resolves with the next event of a node, or at once when there is none; one wait for each path. */
  async gone(path: string): Promise<void> {
    const event = new Promise<void>((done) => this.#watches.set(path, done));
    const packet = await this.#send(this.#begin(op.getData).text(path).bool(true));
    if (packet.readInt32BE(12) !== noNode) {
      accepted(packet);
      await event;
    }
    this.#watches.delete(path);
  }

  /** Calls back with every event of a node, which tells no value, until the session ends. */
  async watchEvents(path: string, onEvent: () => void): Promise<void> {
    this.#watches.set(path, onEvent);
    accepted(await this.#send(this.#begin(op.addWatch).text(path).int(0)));
  }

  /** Calls back with the next event of a node, before that reads it. */
  async readAndWatch(path: string, onEvent: () => void): Promise<Buffer> {
    this.#watches.set(path, onEvent);
    const packet = accepted(await this.#send(this.#begin(op.getData).text(path).bool(true)));
    const length = packet.readInt32BE(replyHeaderBytes);
    return packet.subarray(replyHeaderBytes + 4, replyHeaderBytes + 4 + length);
  }

  async setValue(path: string, value: Uint8Array): Promise<void> {
    accepted(await this.#send(this.#begin(op.setData).text(path).bytes(value).int(-1)));
  }

  /** Makes a node that goes with the session. */
  async createEphemeral(path: string): Promise<void> {
    accepted(await this.#create(path, ephemeral));
  }

  #create(path: string, mode: number): Promise<Buffer> {
    return this.#send(this.#creation(this.#begin(op.create), path, mode));
  }

  #creation(request: JuteWriter, path: string, mode: number): JuteWriter {
    const open = request.text(path).bytes(this.#value).int(1).int(31).text("world").text("anyone");
    return open.int(mode);
  }

  #begin(type: number): JuteWriter {
    this.#xid += 1;
    return new JuteWriter(384).int(this.#xid).int(type);
  }

  #send(request: JuteWriter): Promise<Buffer> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((done, failed) => {
      this.#pending.push({ done, failed });
      this.#socket.write(request.packet());
    });
  }

  #receive(packet: Buffer): void {
    if (this.#connected !== null) {
      this.#connected.done(packet);
      this.#connected = null;
      return;
    }
    const xid = packet.readInt32BE(0);
    if (xid === pingXid) return;
    if (xid === watchXid) {
      // After the header: the event's type and the session's state, then the path.
      this.#watches.get(textAt(packet, replyHeaderBytes + 8).text)?.();
      return;
    }
    const pending = this.#pending[this.#head];
    this.#head += 1;
    if (this.#head > 1024) {
      this.#pending.splice(0, this.#head);
      this.#head = 0;
    }
    pending?.done(packet);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    if (this.#pings !== null) clearInterval(this.#pings);
    this.#connected?.failed(error);
    for (const { failed } of this.#pending.splice(this.#head)) failed(error);
  }
}

function textAt(packet: Buffer, at: number): { readonly text: string; readonly end: number } {
  const end = at + 4 + packet.readInt32BE(at);
  return { text: packet.toString("utf8", at + 4, end), end };
}

function accepted(packet: Buffer): Buffer {
  const code = packet.readInt32BE(12);
  if (code !== 0) throw new Error(`ZooKeeper refused a request with code ${code}`);
  return packet;
}
