import { encode } from "@flotilla/runtime";
import { Kernel } from "@flotilla/runtime/sim";
import { expect, test } from "vitest";
import { durableInstalls } from "../src/online/durable-records.ts";

const seal = [0, 0, 0, 0];

test("a received snapshot counts once manifest and bytes are there, and one whose manifest rotted is none", async () => {
  const kernel = new Kernel({ seed: 1 });
  const machine = kernel.node("a");
  const { files } = machine.start().disk;
  const write = (name: string, bytes: readonly number[]): Promise<void> =>
    kernel.until(files.replace(`snapshots/${name}`, Uint8Array.from(bytes)));
  const manifest = [...seal, ...encode([0, 0, 0, 3, 0, 0, true])];
  await write("5-1.manifest", manifest);
  expect(durableInstalls(machine.disk)).toEqual([]);
  await write("5-1.data", [1, 2, 3]);
  expect(durableInstalls(machine.disk)).toEqual([{ index: 5, term: 1 }]);
  // A tag, and another shape.
  for (const rotten of [[...seal, 0xc1, 0x00], [...seal, ...encode([1])], [...seal]]) {
    await write("5-1.manifest", rotten);
    expect(durableInstalls(machine.disk)).toEqual([]);
  }
});
