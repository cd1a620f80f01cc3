import { FlotillaError } from "@flotilla/runtime";
import { expect, test } from "vitest";
import type { Session, Watch } from "../../src/client/api.ts";
import { text } from "../../src/client/values.ts";
import { Cluster } from "./cluster.ts";

const writesPerClient = 150;
const perGroup = 5;
const timeoutMs = 600_000;

function numberOf(value: Uint8Array | undefined): number {
  return value === undefined || value.length === 0 ? 0 : Number(text(value));
}

/** Writes 1, 2, 3 … to its own node, a few at a time, and reads its own writes. */
async function write(session: Session, path: string, pass: (ms: number) => Promise<void>): Promise<void> {
  for (let first = 1; first <= writesPerClient; first += perGroup) {
    const values = Array.from({ length: perGroup }, (_, k) => first + k);
    const group = values.map((value) => session.put(path, String(value), { timeoutMs }));
    const reads = [session.get(path, { timeoutMs }), session.get(path, { timeoutMs, level: "local" })];
    expect((await Promise.all(group)).map((result) => result.stat.version)).toEqual(
      values.map((value) => value - 1),
    );
    for (const node of await Promise.all(reads)) expect(numberOf(node?.value)).toBe(first + perGroup - 1);
    await pass(700);
  }
}

/** Reads until the last value came, and checks that none is missing, out of order or repeated. */
async function follow(watch: Watch): Promise<void> {
  let last = 0;
  for await (const event of watch) {
    const found = numberOf(event.type === "snapshot" ? event.nodes[0]?.node.value : event.node?.value);
    if (event.type === "snapshot") expect(found).toBeGreaterThanOrEqual(last);
    else expect(found).toBe(last + 1);
    last = found;
    if (last === writesPerClient) return;
  }
  throw new Error("the watch ended early");
}

/** Does one thing to one member. */
function strike(cluster: Cluster, kind: number, id: string, forMs: number): void {
  const { kernel } = cluster;
  const node = kernel.node(id);
  if (!node.isRunning || node.isPaused) return;
  switch (kind) {
    case 0:
    case 1:
      node.crash({ powerOff: kind === 1 });
      kernel.after(forMs, () => void cluster.restart(id));
      return;
    case 2:
      node.pause();
      kernel.after(forMs, () => node.resume());
      return;
    case 3:
      kernel.network.isolate(id);
      kernel.after(forMs, () => kernel.network.healAll());
      return;
    default:
      node.stall(forMs);
  }
}

async function chaos(seed: string): Promise<void> {
  const cluster = new Cluster(3, { snapshotEntries: 60, trailingEntries: 10 }, seed);
  await cluster.start();
  const { kernel } = cluster;
  const random = kernel.random("faults");
  const sessions: Session[] = [];
  for (let k = 0; k < 3; k += 1) sessions.push(await cluster.client({ sessionTtlMs: 25_000 }));
  const watches = await cluster.until(
    Promise.all(sessions.map((session, k) => session.watch(`/w${(k + 1) % 3}`))),
  );
  let isOver = false;
  const strikeOn = (): void => {
    if (isOver) return;
    strike(cluster, random.below(5), cluster.ids[random.below(3)] ?? "n1", 200 + random.below(7_000));
    kernel.after(500 + random.below(3_000), strikeOn);
  };
  strikeOn();
  const pass = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      kernel.after(ms, resolve);
    });
  const work = Promise.all([
    ...sessions.map((session, k) => write(session, `/w${k}`, pass)),
    ...watches.map((watch) => follow(watch)),
  ]);
  await kernel.until(work, 1_200_000);
  isOver = true;
  console.log(JSON.stringify([seed, kernel.nowMs, ...kernel.probes]));
  expect(sessions.map((session) => session.state)).toEqual(["connected", "connected", "connected"]);
}

const count = Number(process.env["CHAOS"] ?? 3);
const base = Number(process.env["CHAOS0"] ?? 0);
test.each(Array.from({ length: count }, (_, k) => `chaos-${base + k}`))(
  "writes take effect once and in order, watches miss nothing, whatever members do: %s",
  async (seed) => {
    try {
      await chaos(seed);
    } catch (error) {
      if (!FlotillaError.is(error)) throw error;
      throw new Error(`${error.code}: ${error.message}`, { cause: error });
    }
  },
  60_000,
);
