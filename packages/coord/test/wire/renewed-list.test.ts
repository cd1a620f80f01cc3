import { expect, test } from "vitest";
import { decodeClientMessage, encodeClientMessage } from "../../src/wire/client-codec.ts";
import { RenewedList } from "../../src/wire/renewed-list.ts";

const ids = Array.from({ length: 20 }, (_, k) => k.toString(16).padStart(32, "0"));

function frame(number: number, leases: readonly string[]): Uint8Array {
  return Buffer.from(encodeClientMessage({ type: "renew", number, leases }));
}

function leasesIn(bytes: Uint8Array, list?: RenewedList): readonly string[] {
  const message = decodeClientMessage(bytes, list);
  if (message.type !== "renew") throw new Error("it was no renewal");
  return message.leases;
}

test.each([1, 20])("%d leases that are renewed again are the same object, and others are others", (count) => {
  const list = new RenewedList();
  const leases = ids.slice(0, count);
  const first = frame(1, leases);
  const known = leasesIn(first, list);
  // Its memory is used for something else afterwards.
  first.fill(0);
  expect(known).toEqual(leases);
  expect(leasesIn(frame(1_000_000, leases), list)).toBe(known);
  for (const other of [[...leases.slice(1), "f".repeat(32)], [...leases, "f".repeat(32)], []]) {
    expect(leasesIn(frame(2, other), list)).toEqual(other);
    expect(leasesIn(frame(3, leases), list)).toEqual(leases);
  }
  const again = leasesIn(frame(4, leases), list);
  list.forget();
  const anew = leasesIn(frame(5, leases), list);
  expect(anew).toEqual(leases);
  expect(anew).not.toBe(again);
});

test("without a memory every renewal is read as it comes", () => {
  expect(leasesIn(frame(1, ids))).toEqual(ids);
});
