import type { Socket } from "node:net";
import { connect, createServer } from "node:net";
import { AppendFile } from "./append-file.ts";

const host = "127.0.0.1";
const positionBytes = 8;

/** Appends what the leader streams, and tells it how much is durable. */
function follow(path: string, port: number): void {
  createServer((leader) => {
    leader.setNoDelay(true);
    leader.on("error", () => {});
    const file = new AppendFile(path, (bytes) => {
      const position = Buffer.allocUnsafe(positionBytes);
      position.writeDoubleBE(bytes);
      leader.write(position);
    });
    leader.on("data", (chunk: Buffer) => file.add(chunk));
  }).listen(port, host);
}

interface Waiting {
  readonly client: Socket;
  readonly end: number;
}

/** Appends and streams what clients send; answers with one byte once two of three hold it. */
class Leader {
  readonly #file: AppendFile;
  readonly #recordBytes: number;
  readonly #followers: readonly Socket[];
  /** How much is durable here, and at each follower. */
  readonly #durable: number[];
  #waiting: Waiting[] = [];
  #end = 0;

  constructor(path: string, recordBytes: number, followers: readonly Socket[]) {
    this.#recordBytes = recordBytes;
    this.#followers = followers;
    this.#durable = [0, ...followers.map(() => 0)];
    this.#file = new AppendFile(path, (bytes) => this.#advance(0, bytes));
    for (const [k, follower] of followers.entries()) {
      let rest: Buffer = Buffer.alloc(0);
      follower.on("data", (chunk: Buffer) => {
        const bytes = Buffer.concat([rest, chunk]);
        const whole = bytes.length - (bytes.length % positionBytes);
        rest = bytes.subarray(whole);
        if (whole > 0) this.#advance(k + 1, bytes.readDoubleBE(whole - positionBytes));
      });
    }
  }

  serve(client: Socket): void {
    client.setNoDelay(true);
    client.on("error", () => {});
    let rest: Buffer = Buffer.alloc(0);
    client.on("data", (chunk: Buffer) => {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const whole = bytes.length - (bytes.length % this.#recordBytes);
      rest = bytes.subarray(whole);
      if (whole > 0) this.#append(client, bytes.subarray(0, whole));
    });
  }

  #append(client: Socket, records: Buffer): void {
    for (let at = 0; at < records.length; at += this.#recordBytes) {
      this.#end += this.#recordBytes;
      this.#waiting.push({ client, end: this.#end });
    }
    for (const follower of this.#followers) follower.write(records);
    this.#file.add(records);
  }

  #advance(replica: number, bytes: number): void {
    this.#durable[replica] = bytes;
    const safe = this.#durable.toSorted((a, b) => a - b)[1] ?? 0;
    let count = 0;
    for (const { client, end } of this.#waiting) {
      if (end > safe) break;
      client.write("+");
      count += 1;
    }
    this.#waiting = this.#waiting.slice(count);
  }
}

async function dial(port: number): Promise<Socket> {
  for (;;) {
    const socket = connect(port, host);
    socket.setNoDelay(true);
    const error = await new Promise<Error | null>((done) => {
      socket.once("connect", () => done(null));
      socket.once("error", done);
    });
    if (error === null) return socket;
    await new Promise((done) => setTimeout(done, 50));
  }
}

const [path = "", port, recordBytes, ...followers] = process.argv.slice(2);
if (followers.length === 0) {
  follow(path, Number(port));
} else {
  const sockets = await Promise.all(followers.map((each) => dial(Number(each))));
  const leader = new Leader(path, Number(recordBytes), sockets);
  createServer((client) => leader.serve(client)).listen(Number(port), host);
}
