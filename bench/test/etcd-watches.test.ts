import { expect, test } from "vitest";
import { EtcdWatches } from "../src/clients/etcd-watches.ts";
import type { GrpcListener } from "../src/clients/grpc-connection.ts";
import { bytesField, message, varintField } from "../src/clients/protobuf.ts";

const value = new Uint8Array([7]);

function event(isDeleted: boolean): Uint8Array {
  const kind = isDeleted ? [varintField(1, 1)] : [];
  return bytesField(11, message(...kind, bytesField(2, bytesField(5, value))));
}

test("hears of a deletion also when the key was made again in the same answer", async () => {
  const listeners: GrpcListener[] = [];
  const tell = (bytes: Uint8Array): void => listeners[0]?.onMessage(Buffer.from(bytes));
  const watches = new EtcdWatches({
    stream: (_path, listener) => {
      listeners.push(listener);
      return { send: () => {}, close: () => {} };
    },
  });
  const gone = watches.deleted(new Uint8Array([1]), 5);
  const isFirst = varintField(2, 1);
  tell(message(isFirst, varintField(3, 1)));
  tell(message(isFirst, event(true), event(false)));
  await gone;
  const heard: boolean[] = [];
  const standing = watches.watch(
    value,
    9,
    ({ deleted }) => heard.push(deleted),
    () => {},
  );
  const isSecond = varintField(2, 2);
  tell(message(isSecond, varintField(3, 1)));
  await standing;
  tell(message(isSecond, event(false), event(true), event(false)));
  expect(heard).toEqual([false, true, false]);
});
