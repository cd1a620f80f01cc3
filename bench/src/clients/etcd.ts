import type { LoadClient } from "./client.ts";
import { checkValueLength, keyPath, standardValue } from "./client.ts";
import {
  bytesAt,
  etcdPaths,
  fieldsAt,
  firstMadeRequest,
  joinRequest,
  lastMadeRequest,
  numberAt,
  putAllRequest,
  putRequest,
  revisionOf,
  serializable,
} from "./etcd-messages.ts";
import { EtcdLease } from "./etcd-lease.ts";
import { EtcdWatches } from "./etcd-watches.ts";
import { GrpcConnection } from "./grpc-connection.ts";
import type { Fields } from "./protobuf.ts";
import { bytesField, message, readFields } from "./protobuf.ts";

/** What a session of etcd's concurrency package asks for. */
const sessionTtlSeconds = 60;

/** A key of a line, and the revision at which it was made. */
export interface EtcdPlace {
  readonly key: Uint8Array;
  readonly revision: number;
}

/** The few calls of etcd's API that the workloads need. */
export class EtcdClient implements LoadClient {
  readonly #connection: GrpcConnection;
  readonly #value: Uint8Array;
  readonly watches: EtcdWatches;
  #lease: Promise<EtcdLease> | null = null;
  #made = 0;

  private constructor(connection: GrpcConnection, value: Uint8Array) {
    this.#connection = connection;
    this.#value = value;
    this.watches = new EtcdWatches(connection);
  }

  /** Connects to the server on that port of loopback. */
  static async open(port: number, value: Uint8Array = standardValue): Promise<EtcdClient> {
    return new EtcdClient(await GrpcConnection.open(port), value);
  }

  async create(key: number): Promise<void> {
    await this.set(key);
  }

  async createAll(keys: readonly number[]): Promise<void> {
    await this.#call(etcdPaths.txn, putAllRequest(keys.map(keyBytes), this.#value));
  }

  async set(key: number): Promise<void> {
    await this.put(keyBytes(key), this.#value);
  }

  async put(key: Uint8Array, value: Uint8Array): Promise<void> {
    await this.#call(etcdPaths.put, putRequest(key, value));
  }

  async get(key: number): Promise<void> {
    this.#check(await this.#call(etcdPaths.range, bytesField(1, keyBytes(key))));
  }

  async getLocal(key: number): Promise<void> {
    this.#check(await this.#call(etcdPaths.range, message(bytesField(1, keyBytes(key)), serializable)));
  }

  /** A key of its own with the lease of this connection stands for an ephemeral sequential node. */
  async ephemeral(): Promise<void> {
    const { id } = await this.lease();
    this.#made += 1;
    const key = Buffer.from(`/bench-line/${id.toString(16)}-${this.#made}`);
    await this.#call(etcdPaths.put, putRequest(key, this.#value, id));
    await this.delete(key);
  }

  /** The lease of this connection, granted with the first call; only that call's time to live counts. */
  lease(ttlSeconds: number = sessionTtlSeconds): Promise<EtcdLease> {
    this.#lease ??= EtcdLease.grant(this.#connection, ttlSeconds);
    return this.#lease;
  }

  /** Makes a key that goes with the lease of this connection. */
  async putLeased(key: Uint8Array): Promise<void> {
    const { id } = await this.lease();
    await this.#call(etcdPaths.put, putRequest(key, this.#value, id));
  }

  /** Takes a place in the line of a prefix. Null: it is the first. */
  async join(prefix: Uint8Array): Promise<{ readonly own: EtcdPlace; readonly holds: boolean }> {
    const { id } = await this.lease();
    const key = Buffer.concat([prefix, Buffer.from(id.toString(16))]);
    const answer = await this.#call(etcdPaths.txn, joinRequest(prefix, key, id));
    if (numberAt(answer, 2) !== 1) throw new Error("etcd: the place in line is taken");
    const revision = revisionOf(answer);
    const owner = keyValueOf(fieldsAt(fieldsAt(answer, 3), 1));
    return { own: { key, revision }, holds: owner === null || numberAt(owner, 2) === revision };
  }

  /** Resolves once all places before it are gone. */
  async firstInLine(prefix: Uint8Array, { revision }: EtcdPlace): Promise<void> {
    for (;;) {
      const answer = await this.#call(etcdPaths.range, lastMadeRequest(prefix, revision - 1));
      const before = keyValueOf(answer);
      if (before === null) return;
      await this.watches.deleted(Buffer.from(bytesAt(before, 1)), revisionOf(answer));
    }
  }

  /** The key of a prefix that was made first; null when there is none. */
  async first(prefix: Uint8Array): Promise<Uint8Array | null> {
    const found = keyValueOf(await this.#call(etcdPaths.range, firstMadeRequest(prefix)));
    return found === null ? null : bytesAt(found, 1);
  }

  async delete(key: Uint8Array): Promise<void> {
    await this.#call(etcdPaths.deleteRange, bytesField(1, key));
  }

  /** True when this server leads. */
  async isLeader(): Promise<boolean> {
    const status = await this.#call(etcdPaths.status, new Uint8Array());
    const leader = status.get(4);
    return leader !== undefined && fieldsAt(status, 1).get(2) === leader;
  }

  async close(): Promise<void> {
    (await this.#lease)?.forget();
    await this.#connection.close();
  }

  async #call(path: string, request: Uint8Array): Promise<Fields> {
    return readFields(await this.#connection.call(path, request));
  }

  #check(answer: Fields): void {
    const pair = keyValueOf(answer);
    checkValueLength(pair === null ? undefined : bytesAt(pair, 5).length, this.#value.length);
  }
}

/** The key and value of an answer to a range; null when it found none. */
function keyValueOf(answer: Fields): Fields | null {
  const pair = answer.get(2);
  return pair instanceof Uint8Array ? readFields(pair) : null;
}

function keyBytes(key: number): Uint8Array {
  return Buffer.from(keyPath(key));
}
