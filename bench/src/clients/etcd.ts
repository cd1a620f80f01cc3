import type { LoadClient } from "./client.ts";
import { checkValueLength, keyName, value } from "./client.ts";
import { GrpcConnection } from "./grpc-connection.ts";
import type { Fields } from "./protobuf.ts";
import { bytesField, message, readFields, varintField } from "./protobuf.ts";

const putPath = "/etcdserverpb.KV/Put";
const rangePath = "/etcdserverpb.KV/Range";
const statusPath = "/etcdserverpb.Maintenance/Status";
const serializable = varintField(7, 1);

/** The few calls of etcd's API that the workloads need. */
export class EtcdClient implements LoadClient {
  readonly #connection: GrpcConnection;

  private constructor(connection: GrpcConnection) {
    this.#connection = connection;
  }

  /** Connects to the server on that port of loopback. */
  static async open(port: number): Promise<EtcdClient> {
    return new EtcdClient(await GrpcConnection.open(port));
  }

  async create(key: number): Promise<void> {
    await this.set(key);
  }

  async set(key: number): Promise<void> {
    await this.#connection.call(putPath, message(bytesField(1, keyBytes(key)), bytesField(2, value)));
  }

  async get(key: number): Promise<void> {
    checkRange(readFields(await this.#connection.call(rangePath, bytesField(1, keyBytes(key)))));
  }

  async getLocal(key: number): Promise<void> {
    const request = message(bytesField(1, keyBytes(key)), serializable);
    checkRange(readFields(await this.#connection.call(rangePath, request)));
  }

  /** True when this server leads. */
  async isLeader(): Promise<boolean> {
    const status = readFields(await this.#connection.call(statusPath, new Uint8Array()));
    const header = status.get(1);
    const leader = status.get(4);
    return header instanceof Uint8Array && leader !== undefined && readFields(header).get(2) === leader;
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

function keyBytes(key: number): Uint8Array {
  return Buffer.from(`/bench/${keyName(key)}`);
}

function checkRange(answer: Fields): void {
  const pair = answer.get(2);
  const found = pair instanceof Uint8Array ? readFields(pair).get(5) : undefined;
  checkValueLength(found instanceof Uint8Array ? found.length : undefined);
}
