import { bytesAt, etcdPaths, fieldsAt, numberAt, unwatchRequest, watchRequest } from "./etcd-messages.ts";
import type { GrpcConnection, GrpcStream } from "./grpc-connection.ts";
import { readFields, repeatedBytes } from "./protobuf.ts";

/** What a watch is told. */
export interface EtcdEvent {
  readonly deleted: boolean;
  readonly value: Uint8Array;
}

interface Standing {
  readonly onEvent: (event: EtcdEvent) => void;
  readonly onStanding: () => void;
  readonly onEnd: (error: Error) => void;
}

/** The watches of one connection, on one stream as etcd's own client has them. */
export class EtcdWatches {
  readonly #connection: Pick<GrpcConnection, "stream">;
  readonly #standing = new Map<number, Standing>();
  #stream: GrpcStream | null = null;
  #lastId = 0;

  constructor(connection: Pick<GrpcConnection, "stream">) {
    this.#connection = connection;
  }

  /** Resolves once the watch stands, with what ends it; `onEnd` hears when the server did. */
  watch(
    key: Uint8Array,
    revision: number,
    onEvent: (event: EtcdEvent) => void,
    onEnd: (error: Error) => void,
  ): Promise<() => void> {
    this.#stream ??= this.#open();
    const stream = this.#stream;
    this.#lastId += 1;
    const id = this.#lastId;
    const end = (): void => {
      if (this.#standing.delete(id)) stream.send(unwatchRequest(id));
    };
    return new Promise((done, failed) => {
      const onEnded = (error: Error): void => {
        failed(error);
        onEnd(error);
      };
      this.#standing.set(id, { onEvent, onStanding: () => done(end), onEnd: onEnded });
      stream.send(watchRequest(key, id, revision));
    });
  }

  /** Resolves once a key is deleted, at a revision or later. */
  async deleted(key: Uint8Array, revision: number): Promise<void> {
    const standing: { end: Promise<() => void> | null } = { end: null };
    await new Promise<void>((done, failed) => {
      standing.end = this.watch(key, revision, ({ deleted }) => (deleted ? done() : undefined), failed);
      standing.end.catch(failed);
    });
    (await standing.end)?.();
  }

  #open(): GrpcStream {
    return this.#connection.stream(etcdPaths.watch, {
      onMessage: (bytes) => this.#receive(bytes),
      onEnd: (error) => {
        this.#stream = null;
        const all = [...this.#standing.values()];
        this.#standing.clear();
        for (const { onEnd } of all) onEnd(error);
      },
    });
  }

  #receive(bytes: Buffer): void {
    const answer = readFields(bytes);
    const id = numberAt(answer, 2);
    const standing = this.#standing.get(id);
    if (standing === undefined) return;
    if (numberAt(answer, 4) !== 0) {
      this.#standing.delete(id);
      standing.onEnd(new Error("etcd ended a watch"));
    }
    if (numberAt(answer, 3) !== 0) standing.onStanding();
    // One answer tells of several: of a key that went and came again, too.
    for (const event of repeatedBytes(bytes, 11).map(readFields)) {
      const deleted = numberAt(event, 1) !== 0;
      standing.onEvent({ deleted, value: bytesAt(fieldsAt(event, 2), 5) });
    }
  }
}
