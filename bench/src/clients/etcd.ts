import type { ClientHttp2Session } from "node:http2";
import { connect } from "node:http2";
import type { LoadClient } from "./client.ts";
import { checkValueLength, keyName, value } from "./client.ts";
import type { Fields } from "./protobuf.ts";
import { bytesField, message, readFields, varintField } from "./protobuf.ts";

const putPath = "/etcdserverpb.KV/Put";
const rangePath = "/etcdserverpb.KV/Range";
const statusPath = "/etcdserverpb.Maintenance/Status";
const windowBytes = 8 << 20;
const grpcHeadBytes = 5;

/** One HTTP/2 connection that speaks gRPC, a stream for each call. */
export class EtcdClient implements LoadClient {
  readonly #session: ClientHttp2Session;
  readonly #broken: Promise<never>;
  #error: Error | null = null;

  private constructor(port: number) {
    this.#session = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: windowBytes } });
    this.#broken = new Promise((_, failed) => {
      this.#session.on("error", (error: Error) => {
        this.#error = error;
        failed(error);
      });
    });
    this.#broken.catch(() => {});
  }

  /** Connects to the server on that port of loopback. */
  static async open(port: number): Promise<EtcdClient> {
    const client = new EtcdClient(port);
    const connected = new Promise<void>((done) => client.#session.once("connect", () => done()));
    await Promise.race([connected, client.#broken]);
    client.#session.setLocalWindowSize(windowBytes);
    return client;
  }

  async create(key: number): Promise<void> {
    await this.set(key);
  }

  async set(key: number): Promise<void> {
    await this.#call(putPath, message(bytesField(1, keyBytes(key)), bytesField(2, value)));
  }

  async get(key: number): Promise<void> {
    checkRange(await this.#call(rangePath, bytesField(1, keyBytes(key))));
  }

  async getLocal(key: number): Promise<void> {
    const serializable = varintField(7, 1);
    checkRange(await this.#call(rangePath, message(bytesField(1, keyBytes(key)), serializable)));
  }

  /** True when this server leads. */
  async isLeader(): Promise<boolean> {
    const status = await this.#call(statusPath, new Uint8Array());
    const header = status.get(1);
    const leader = status.get(4);
    return header instanceof Uint8Array && leader !== undefined && readFields(header).get(2) === leader;
  }

  async close(): Promise<void> {
    await new Promise<void>((done) => this.#session.close(done));
  }

  #call(path: string, request: Uint8Array): Promise<Fields> {
    const stream = this.#session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    return new Promise((done, failed) => {
      const chunks: Buffer[] = [];
      let status: unknown;
      stream.on("response", (headers) => (status = headers["grpc-status"]));
      stream.on("trailers", (headers) => (status = headers["grpc-status"]));
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("error", failed);
      stream.on("close", () => {
        if (status !== "0") failed(this.#error ?? new Error(`etcd refused ${path}: ${String(status)}`));
        else done(readFields(oneMessage(chunks)));
      });
      stream.end(framed(request));
    });
  }
}

function keyBytes(key: number): Uint8Array {
  return Buffer.from(`/bench/${keyName(key)}`);
}

function framed(request: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(grpcHeadBytes + request.length);
  out.writeUInt8(0, 0);
  out.writeUInt32BE(request.length, 1);
  out.set(request, grpcHeadBytes);
  return out;
}

function oneMessage(chunks: readonly Buffer[]): Buffer {
  const bytes = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
  return bytes.subarray(grpcHeadBytes);
}

function checkRange(answer: Fields): void {
  const pair = answer.get(2);
  const found = pair instanceof Uint8Array ? readFields(pair).get(5) : undefined;
  checkValueLength(found instanceof Uint8Array ? found.length : undefined);
}
