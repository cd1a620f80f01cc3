import { expect, test } from "vitest";
import { decodeResult, permissions, permits } from "../src/index.ts";
import type { Acl, AclEntry, Identity, Operation } from "../src/index.ts";
import { create, Driver, idOf } from "./support.ts";

const caller: readonly Identity[] = [{ scheme: "ip", id: "2001:db8::1" }];

function entry(id: string): AclEntry {
  return { scheme: "ip", id, permissions: permissions.all };
}

const acl: Acl = [
  ...Array.from({ length: 63 }, (_, number) => entry(`fe80:1:2:3:4:5:${number}:1`)),
  entry("2001:db8::/32"),
];

/** Counts from now on how often an address of a list, or of a caller, is looked at. */
function countLooks(of: readonly { readonly id: string }[]): () => number {
  let looks = 0;
  for (const each of of) {
    const { id } = each;
    const get = (): string => {
      looks += 1;
      return id;
    };
    Object.defineProperty(each, "id", { get });
  }
  return () => looks;
}

/** Sends requests of one session that comes from one address. */
class Caller extends Driver {
  #seq = 0;

  as(operation: Operation): string {
    this.#seq += 1;
    const request = { type: "request", session: idOf(1), attach: 1, seq: this.#seq, ack: 0 } as const;
    const applied = this.apply({ ...request, operation, identities: caller });
    if (applied.type !== "answered") throw new Error(applied.type);
    const result = decodeResult(applied.result);
    return result.ok ? "ok" : result.code;
  }
}

test("the addresses of a list are parsed once, however often commands ask it", () => {
  const driver = new Caller();
  driver.open(1);
  expect(driver.as(create("/t", { acl }))).toBe("ok");
  const kept = driver.machine.acl("/t") ?? expect.unreachable();
  expect(kept).toEqual(acl);
  const looks = countLooks(kept);
  const check = { type: "check", path: "/t", if: { version: 0 } } as const;
  const checks: Operation = { type: "multi", ops: Array.from({ length: 1_000 }, () => check) };
  for (let round = 0; round < 2; round += 1) expect(driver.as(checks)).toBe("ok");
  expect(looks()).toBe(acl.length);
});

test("a caller's address is parsed once for each list that is asked in a row", () => {
  const lists = [acl.map((each) => ({ ...each })), acl.map((each) => ({ ...each }))];
  const identities = caller.map((each) => ({ ...each }));
  const looksAtLists = countLooks(lists.flat());
  const looks = countLooks(identities);
  for (let round = 0; round < 50; round += 1)
    for (const each of lists) expect(permits(each, identities, permissions.read)).toBe(true);
  expect(looksAtLists()).toBe(lists.flat().length);
  expect(looks()).toBe(lists.length);
});
