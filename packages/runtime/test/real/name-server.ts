import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

const types = new Map([
  [1, "A"],
  [28, "AAAA"],
  [33, "SRV"],
]);

/** What a name stands for: an address, or the target of a service. */
export type NameRecord = string | { readonly host: string; readonly port: number };

/** A name server on loopback that knows what a test tells it, by `TYPE name`. */
export class NameServer {
  readonly records = new Map<string, readonly NameRecord[]>();
  /** Hears questions and answers none. */
  isSilent = false;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (query, from) => {
      if (!this.isSilent) socket.send(this.#answer(query), from.port, from.address);
    });
  }

  static async start(): Promise<NameServer> {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return new NameServer(socket);
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  /** Resolves with the next question. */
  async asked(): Promise<void> {
    await once(this.#socket, "message");
  }

  close(): Promise<void> {
    return new Promise((resolve) => void this.#socket.close(() => resolve()));
  }

  /** RFC 1035, section 4.1, with one question. */
  #answer(query: Buffer): Buffer {
    const { name, end } = readName(query, 12);
    const type = types.get(query.readUInt16BE(end)) ?? "";
    const question = query.subarray(12, end + 4);
    const known = [...types.values()].some((each) => this.records.has(`${each} ${name}`));
    const found = this.records.get(`${type} ${name}`) ?? [];
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    head.writeUInt16BE(known ? 0x8580 : 0x8583, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(found.length, 6);
    return Buffer.concat([
      head,
      question,
      ...found.map((record) => resource(query.subarray(end, end + 2), record)),
    ]);
  }
}

function readName(query: Buffer, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = start;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), end: at + 1 };
}

/** Its name is the question's, at offset 12. */
function resource(type: Buffer, record: NameRecord): Buffer {
  const data = typeof record === "string" ? addressBytes(record) : serviceBytes(record);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  type.copy(head, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

/** Of IPv6, the form with one `::` only. */
function addressBytes(address: string): Buffer {
  if (!address.includes(":")) return Buffer.from(address.split(".").map(Number));
  const [before = "", after = ""] = address.split("::");
  const bytes = Buffer.alloc(16);
  for (const [part, start] of [
    [groups(before), 0],
    [groups(after), 16 - groups(after).length * 2],
  ] as const) {
    for (const [index, group] of part.entries()) bytes.writeUInt16BE(group, start + index * 2);
  }
  return bytes;
}

function groups(part: string): number[] {
  return part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
}

function serviceBytes({ host, port }: { readonly host: string; readonly port: number }): Buffer {
  const numbers = Buffer.alloc(6);
  numbers.writeUInt16BE(port, 4);
  const labels = host.split(".").map((label) => Buffer.from([label.length, ...Buffer.from(label, "latin1")]));
  return Buffer.concat([numbers, ...labels, Buffer.from([0])]);
}
