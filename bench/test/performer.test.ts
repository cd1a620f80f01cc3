import { expect, test } from "vitest";
import type { LoadClient } from "../src/clients/client.ts";
import type { LockClient } from "../src/clients/lock.ts";
import { performer, taker } from "../src/load/performer.ts";
import { loadClient } from "./load-client.ts";

function counting(): { readonly client: LoadClient; readonly calls: Map<string, number> } {
  const calls = new Map<string, number>();
  const count = (name: string) => async () => void calls.set(name, (calls.get(name) ?? 0) + 1);
  const client = loadClient({
    set: count("set"),
    get: count("get"),
    getLocal: count("getLocal"),
    ephemeral: count("ephemeral"),
  });
  return { client, calls };
}

test.each([
  ["mixed", "get"],
  ["mixedLocal", "getLocal"],
] as const)("%s writes once in ten times", async (operation, read) => {
  const { client, calls } = counting();
  const perform = performer(client, operation);
  for (let k = 0; k < 10_000; k += 1) await perform(k);
  expect([...calls.keys()].toSorted()).toEqual([read, "set"].toSorted());
  expect(calls.get("set")).toBeGreaterThan(800);
  expect(calls.get("set")).toBeLessThan(1_200);
});

test.each(["set", "get", "getLocal", "ephemeral"] as const)("%s is one call", async (operation) => {
  const { client, calls } = counting();
  await performer(client, operation)(1);
  expect([...calls]).toEqual([[operation, 1]]);
});

test("a lock that two hold at once ends the round", async () => {
  const broken: LockClient = { acquire: async () => async () => {}, close: async () => {} };
  const holders = { count: 0 };
  const both = [taker(holders, broken)(0), taker(holders, broken)(0)];
  await expect(Promise.all(both)).rejects.toThrow("two hold one lock");
});
