import { expect, test } from "vitest";
import type { Watch, WatchEvent } from "../../src/client/api.ts";
import { World } from "../recipes/world.ts";

/** More than history keeps. */
const sets = 90;
const valueBytes = 1_000_000;
/** More than a client keeps for one watch: 16 MiB, and the event that goes beyond. */
const mostKept = 18;

/** Values are told apart by their first four bytes. */
function value(number: number): Uint8Array {
  const bytes = new Uint8Array(valueBytes);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

function numberOf(event: WatchEvent): number {
  const node = event.type === "snapshot" ? event.nodes[0]?.node : event.node;
  const bytes = node?.value ?? new Uint8Array(4);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

/** Reads a watch into a list of what can be compared, until it ends. */
function read(watch: Watch): { readonly numbers: number[]; readonly gaps: string[] } {
  const seen = { numbers: [] as number[], gaps: [] as string[] };
  const run = async (): Promise<void> => {
    for await (const event of watch) {
      seen.numbers.push(numberOf(event));
      if (event.type === "snapshot") seen.gaps.push(event.reason);
    }
  };
  void run();
  return seen;
}

test("who does not read holds up no other, is told of the gap, and goes on", async () => {
  const world = await World.start(3);
  const [slow, stopped, writer] = await world.three({ sessionTtlMs: 120_000 });
  await world.until(writer.session.create("/load", value(0)));
  const unread = await world.until(slow.session.watch("/load"));
  const beside = read(await world.until(slow.session.watch("/load")));
  const cut = read(await world.until(stopped.session.watch("/load")));
  world.kernel.node(stopped.machine).pause();
  for (let number = 1; number <= sets; number += 1)
    await world.until(writer.session.set("/load", value(number)));
  await world.pass(200);
  const all = Array.from({ length: sets }, (_, position) => position + 1);
  expect(beside).toEqual({ numbers: all, gaps: [] });
  const late = read(unread);
  world.kernel.node(stopped.machine).resume();
  await world.pass(2_000);
  for (const { numbers, gaps } of [late, cut]) {
    const kept = numbers.length - 1;
    expect(kept).toBeLessThan(mostKept);
    expect(numbers).toEqual([...all.slice(0, kept), sets]);
    expect(gaps).toEqual(["fell-behind"]);
  }
  await world.until(writer.session.set("/load", value(sets + 1)));
  await world.pass(200);
  for (const { numbers } of [late, cut, beside]) expect(numbers.at(-1)).toBe(sets + 1);
}, 240_000);
