import type { Applied, Operation, RequestCommand } from "@flotilla/kv";
import { encodeCommand, Machine } from "@flotilla/kv";
import { keyCount, keyPath, standardValue as value } from "../clients/client.ts";

const session = "5e".repeat(16);
const timeMs = 1_700_000_000_000;

/** The path of a key, as the workloads have it. */
export function pathOf(key: number): string {
  return keyPath(key % keyCount);
}

/** A request of the session, which has all results before it. */
export function requestOf(seq: number, operation: Operation): RequestCommand {
  return { type: "request", session, attach: 1, seq, ack: seq - 1, operation };
}

/** A write of 256 bytes. */
export function setCommand(seq: number): RequestCommand {
  return requestOf(seq, { type: "set", path: pathOf(seq * 7919), value, if: {} });
}

/** Applies commands one after the other, as a replica does. */
export class Replica {
  readonly machine: Machine = new Machine();
  #index = 0;

  apply(payload: Uint8Array): Applied {
    this.#index += 1;
    const applied = this.machine.apply(payload, { index: this.#index, timeMs: timeMs + this.#index });
    if (applied.type === "refused" || applied.type === "attach-refused")
      throw new Error("the machine refused");
    this.machine.takeEvents();
    return applied;
  }
}

/** A machine with an open session and every key; the session's next request is `nextSeq`. */
export function filledReplica(): { readonly replica: Replica; readonly nextSeq: number } {
  const replica = new Replica();
  const secret = new Uint8Array(16);
  replica.apply(encodeCommand({ type: "attach", session, secret, attach: 1, ttlMs: 10_000 }));
  let seq = 0;
  const put = (path: string): void => {
    seq += 1;
    replica.apply(encodeCommand(requestOf(seq, { type: "put", path, value, if: {} })));
  };
  put("/bench");
  for (let key = 0; key < keyCount; key += 1) put(pathOf(key));
  return { replica, nextSeq: seq + 1 };
}
