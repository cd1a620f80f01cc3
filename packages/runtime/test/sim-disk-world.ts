import type { Host, Store } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import { Kernel } from "@flotilla/runtime/sim";
import type { SimNode } from "@flotilla/runtime/sim";
import { text, untext } from "./sim-world.ts";

export interface World {
  readonly kernel: Kernel;
  readonly node: SimNode;
  host: Host;
  store: Store;
}

export async function world(seed = 1, count = 0): Promise<World> {
  const kernel = new Kernel({ seed });
  const node = kernel.node("a");
  const host = node.start();
  const store = await kernel.until(host.disk.openStore("log"));
  for (let i = 0; i < count; i += 1) await kernel.until(put(store, name(i), "v"));
  return { kernel, node, host, store };
}

export const name = (i: number): string => `k${String(i).padStart(4, "0")}`;

export function put(store: Store, ...pairs: string[]): Promise<void> {
  const writes = [];
  for (let i = 0; i < pairs.length; i += 2) {
    writes.push({ type: "put" as const, key: text(pairs[i] ?? ""), value: text(pairs[i + 1] ?? "") });
  }
  return store.write(writes);
}

export async function reopen(at: World): Promise<void> {
  if (at.node.isRunning) at.node.crash();
  at.host = at.node.start();
  at.store = await at.kernel.until(at.host.disk.openStore("log"));
}

export async function list({ kernel, store }: World): Promise<string[]> {
  const read = async (): Promise<string[]> => {
    const keys: string[] = [];
    for await (const [key] of store.entries({})) keys.push(untext(key) ?? "");
    return keys;
  };
  return kernel.until(read());
}

export async function code(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return FlotillaError.is(error) ? error.code : "none";
}

/** What can be seen over many seeds. */
export async function outcomes(observe: (seed: number) => Promise<string>): Promise<Set<string>> {
  const seen = new Set<string>();
  for (let seed = 0; seed < 60; seed += 1) seen.add(await observe(seed));
  return seen;
}
