import type { Socket } from "node:net";
import { connect } from "node:net";
import type { LoadClient } from "./client.ts";
import { checkValueLength, keyName, value } from "./client.ts";
import { JuteWriter, PacketSplitter } from "./jute.ts";

const op = {
  create: 1,
  delete: 2,
  getData: 4,
  setData: 5,
  getChildren: 8,
  sync: 9,
  ping: 11,
  close: -11,
} as const;
const persistent = 0;
const ephemeralSequential = 3;
const noNode = -101;
const badVersion = -103;
const pingXid = -2;
const watchXid = -1;
const sessionTimeoutMs = 30_000;
const nodeExists = -110;
/** xid, zxid and error code stand before every answer. */
const replyHeaderBytes = 16;
/** In a stat, behind the two transactions and times of its creation and last set. */
const versionOffset = 32;
const root = "/bench";

interface Pending {
  readonly done: (packet: Buffer) => void;
  readonly failed: (error: Error) => void;
}

/** One ZooKeeper session over its wire protocol: answers come in the order of the requests. */
export class ZooKeeperClient implements LoadClient {
  readonly #socket: Socket;
  readonly #pending: Pending[] = [];
  readonly #watches = new Map<string, () => void>();
  #head = 0;
  #xid = 0;
  #connected: Pending | null = null;
  #pings: NodeJS.Timeout | null = null;

  private constructor(port: number) {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.setNoDelay(true);
    const splitter = new PacketSplitter((packet) => this.#receive(packet));
    this.#socket.on("data", (chunk: Buffer) => splitter.push(chunk));
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("ZooKeeper closed the connection")));
  }

  /** Opens a session with the server on that port of loopback. */
  static async open(port: number): Promise<ZooKeeperClient> {
    const client = new ZooKeeperClient(port);
    const hello = new JuteWriter().int(0).long(0n).int(sessionTimeoutMs).long(0n).bytes(new Uint8Array(16));
    const answer = await new Promise<Buffer>((done, failed) => {
      client.#connected = { done, failed };
      client.#socket.write(hello.bool(false).packet());
    });
    if (answer.readInt32BE(4) <= 0) throw new Error("ZooKeeper refused the session");
    const ping = new JuteWriter().int(pingXid).int(op.ping).packet();
    client.#pings = setInterval(() => client.#socket.write(ping), sessionTimeoutMs / 3);
    client.#pings.unref();
    return client;
  }

  async create(key: number): Promise<void> {
    await this.createNode(`${root}/${keyName(key)}`);
  }

  /** Makes the node under which all keys stand. */
  async createRoot(): Promise<void> {
    await this.createNode(root);
  }

  async set(key: number): Promise<void> {
    const request = this.#begin(op.setData)
      .text(`${root}/${keyName(key)}`)
      .bytes(value)
      .int(-1);
    accepted(await this.#send(request));
  }

  /** Sync, then read, in one go: the session's order makes it linearizable. */
  async get(key: number): Promise<void> {
    const sync = this.#send(this.#begin(op.sync).text(root));
    const read = this.getLocal(key);
    accepted(await sync);
    await read;
  }

  async getLocal(key: number): Promise<void> {
    const request = this.#begin(op.getData)
      .text(`${root}/${keyName(key)}`)
      .bool(false);
    const packet = accepted(await this.#send(request));
    checkValueLength(packet.readInt32BE(replyHeaderBytes));
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
    const packet = await this.#send(this.#begin(op.setData).text(path).bytes(value).int(version));
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

  #create(path: string, mode: number): Promise<Buffer> {
    const world = this.#begin(op.create).text(path).bytes(value).int(1).int(31).text("world").text("anyone");
    return this.#send(world.int(mode));
  }

  #begin(type: number): JuteWriter {
    this.#xid += 1;
    return new JuteWriter(384).int(this.#xid).int(type);
  }

  #send(request: JuteWriter): Promise<Buffer> {
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
