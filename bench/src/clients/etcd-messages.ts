import type { Fields } from "./protobuf.ts";
import { bytesField, message, readFields, varintField } from "./protobuf.ts";

/** The few methods of etcd's API that the workloads call. */
export const etcdPaths = {
  put: "/etcdserverpb.KV/Put",
  range: "/etcdserverpb.KV/Range",
  deleteRange: "/etcdserverpb.KV/DeleteRange",
  txn: "/etcdserverpb.KV/Txn",
  status: "/etcdserverpb.Maintenance/Status",
  watch: "/etcdserverpb.Watch/Watch",
  grant: "/etcdserverpb.Lease/LeaseGrant",
  keepAlive: "/etcdserverpb.Lease/LeaseKeepAlive",
} as const;

const created = 2;
const ascending = 1;
const descending = 2;
const equal = 0;
/** Asks for a read of what the server at hand has. */
export const serializable: Uint8Array = varintField(7, 1);

/** A put; `lease` 0 for none. */
export function putRequest(key: Uint8Array, value: Uint8Array, lease = 0): Uint8Array {
  const kept = lease === 0 ? new Uint8Array() : varintField(3, lease);
  return message(bytesField(1, key), bytesField(2, value), kept);
}

/** The first key after a prefix and all that begin with it. */
function endOf(prefix: Uint8Array): Uint8Array {
  const end = Uint8Array.from(prefix);
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return end;
}

/** The key with a prefix that was made first. */
export function firstMadeRequest(prefix: Uint8Array): Uint8Array {
  const range = [bytesField(1, prefix), bytesField(2, endOf(prefix)), varintField(3, 1)];
  return message(...range, varintField(5, ascending), varintField(6, created));
}

/** The key with a prefix that was made last, no later than at a revision. */
export function lastMadeRequest(prefix: Uint8Array, revision: number): Uint8Array {
  const range = [bytesField(1, prefix), bytesField(2, endOf(prefix)), varintField(3, 1)];
  return message(...range, varintField(5, descending), varintField(6, created), varintField(13, revision));
}

function branch(field: number, ops: readonly Uint8Array[]): Uint8Array[] {
  return ops.map((op) => bytesField(field, op));
}

/** As a mutex of etcd's concurrency package begins: make the key unless it is there, and tell who was first. */
export function joinRequest(prefix: Uint8Array, key: Uint8Array, lease: number): Uint8Array {
  const absent = message(varintField(1, equal), varintField(2, 1), bytesField(3, key), varintField(5, 0));
  const put = bytesField(2, putRequest(key, new Uint8Array(), lease));
  const owner = bytesField(1, firstMadeRequest(prefix));
  const get = bytesField(1, bytesField(1, key));
  return message(bytesField(1, absent), ...branch(2, [put, owner]), ...branch(3, [get, owner]));
}

/** Puts of several keys in one transaction. */
export function putAllRequest(keys: readonly Uint8Array[], value: Uint8Array): Uint8Array {
  return message(...keys.map((key) => bytesField(2, bytesField(2, putRequest(key, value)))));
}

/** A watch of a key from a revision on; 0 from now on. */
export function watchRequest(key: Uint8Array, id: number, revision: number): Uint8Array {
  const from = revision === 0 ? new Uint8Array() : varintField(3, revision);
  return bytesField(1, message(bytesField(1, key), from, varintField(7, id)));
}

/** Ends a watch. */
export function unwatchRequest(id: number): Uint8Array {
  return bytesField(2, varintField(1, id));
}

/** A message within a message. @throws Error when it is not there */
export function fieldsAt(fields: Fields, field: number): Fields {
  const found = fields.get(field);
  if (!(found instanceof Uint8Array)) throw new Error(`etcd's answer lacks field ${field}`);
  return readFields(found);
}

/** A number of a message; absent is 0, as the format has it. */
export function numberAt(fields: Fields, field: number): number {
  const found = fields.get(field);
  return typeof found === "number" ? found : 0;
}

/** Bytes of a message; absent is none. */
export function bytesAt(fields: Fields, field: number): Uint8Array {
  const found = fields.get(field);
  return found instanceof Uint8Array ? found : new Uint8Array();
}

/** The revision at which an answer was given. */
export function revisionOf(answer: Fields): number {
  return numberAt(fieldsAt(answer, 1), 3);
}
