import { randomInt } from "node:crypto";
import { etcdPaths, numberAt } from "./etcd-messages.ts";
import type { GrpcConnection, GrpcStream } from "./grpc-connection.ts";
import { message, readFields, varintField } from "./protobuf.ts";

const mostId = 2 ** 47;

/** A lease that is kept alive at a third of its time to live, as etcd's own client does. */
export class EtcdLease {
  /** Chosen here, so that it is a plain number. */
  readonly id: number;
  /** As granted. */
  readonly ttlSeconds: number;
  readonly #stream: GrpcStream;
  readonly #timer: NodeJS.Timeout;

  private constructor(connection: GrpcConnection, id: number, ttlSeconds: number) {
    this.id = id;
    this.ttlSeconds = ttlSeconds;
    const renewal = varintField(1, id);
    this.#stream = connection.stream(etcdPaths.keepAlive, {
      onMessage: () => {},
      onEnd: () => this.forget(),
    });
    this.#timer = setInterval(() => this.#stream.send(renewal), (ttlSeconds * 1000) / 3);
    this.#timer.unref();
  }

  /** @throws Error when the server refuses */
  static async grant(connection: GrpcConnection, ttlSeconds: number): Promise<EtcdLease> {
    const id = randomInt(1, mostId);
    const request = message(varintField(1, ttlSeconds), varintField(2, id));
    const answer = readFields(await connection.call(etcdPaths.grant, request));
    return new EtcdLease(connection, id, numberAt(answer, 3));
  }

  /** Renews it no more; the server ends it when its time is over. */
  forget(): void {
    clearInterval(this.#timer);
  }
}
