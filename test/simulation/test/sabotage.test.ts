import type { Host, Store } from "@flotilla/runtime";
import { afterEach, expect, test } from "vitest";
import { runPlan } from "../src/index.ts";
import type { Sabotage } from "../src/index.ts";
import { smallPlan } from "./_support/small-plan.ts";

const timeout = 120_000;
const random = Math.random;

afterEach(() => {
  expect(Math.random).toBe(random);
});

function name(key: Uint8Array): string {
  return Buffer.from(key).toString("hex");
}

/** Says that a batch is safe, and shows it, while it is still on its way. */
function lyingStore(store: Store): Store {
  const underWay = new Map<string, Uint8Array | undefined>();
  const getSync = (key: Uint8Array): Uint8Array | undefined =>
    underWay.has(name(key)) ? underWay.get(name(key)) : store.getSync(key);
  return {
    write: (batch) => {
      for (const one of batch) underWay.set(name(one.key), one.type === "put" ? one.value : undefined);
      void store.write(batch);
      return Promise.resolve();
    },
    get: (key) => Promise.resolve(getSync(key)),
    getSync,
    entries: (range) => store.entries(range),
    clear: (range) => store.clear(range),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store.close(),
  };
}

function lyingDisk(host: Host, id: string): Host {
  if (id !== "n2") return host;
  const { disk } = host;
  return {
    ...host,
    disk: { files: disk.files, openStore: async (name) => lyingStore(await disk.openStore(name)) },
  };
}

/** Members draw from somewhere else than their host. */
function withChance(chance: () => number): Sabotage {
  return {
    host: (real) => ({ ...real, random: { ...real.random, u32: () => Math.floor(chance() * 2 ** 32) } }),
  };
}

test(
  "a disk that lies about its syncs is found out by DurableBeforeAck",
  async () => {
    const { violations, report } = await runPlan(smallPlan(3), { host: lyingDisk });
    expect(violations.map(({ invariant }) => invariant)).toContain("DurableBeforeAck");
    expect(report).toContain("n2");
  },
  timeout,
);

test(
  "code that goes around the ports is caught, with the name of the global",
  async () => {
    const { violations } = await runPlan(
      smallPlan(3),
      withChance(() => Math.random()),
    );
    expect(violations[0]?.invariant).toBe("Crash");
    expect(violations[0]?.message).toContain("Math.random");
  },
  timeout,
);

test(
  "a source of chance that no port knows of changes the trace hash",
  async () => {
    const hashes: string[] = [];
    for (const sabotage of [{}, {}, withChance(random)]) {
      hashes.push((await runPlan(smallPlan(4), sabotage)).traceHash);
    }
    expect(hashes[1]).toBe(hashes[0]);
    expect(hashes[2]).not.toBe(hashes[0]);
  },
  timeout,
);
