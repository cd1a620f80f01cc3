import { readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { KeyedRandom } from "@flotilla/runtime/sim";

/** What was done to a file, as a sentence. */
export type Damage = string;

async function filesIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((each) => each.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .toSorted();
}

/** Damages one file of a folder: gone, cut short, zeroed in part, or with bits flipped. */
export async function damageOne(folder: string, random: KeyedRandom): Promise<Damage> {
  const all = await filesIn(folder);
  // The log of a store is what a store is least able to miss by itself.
  const logs = all.filter((each) => each.endsWith(".log"));
  const names = logs.length > 0 && random.chance(0.25) ? logs : all;
  const name = names[random.below(names.length)] ?? "";
  const path = join(folder, name);
  const { size } = await stat(path);
  const which = random.below(10);
  if (which === 0 || size === 0) {
    await rm(path);
    return `${name} is gone`;
  }
  // Ends matter most: that of a log is what was acknowledged last, that of a table says where all the rest is.
  const at = random.chance(0.4) ? Math.max(0, size - 1 - random.below(64)) : random.below(size);
  if (which < 4) {
    await truncate(path, at);
    return `${name} is cut from ${size} to ${at} bytes`;
  }
  const bytes = await readFile(path);
  if (which < 6) {
    const length = 1 + random.below(random.chance(0.5) ? 16 : 4096);
    bytes.fill(0, at, Math.min(size, at + length));
    await writeFile(path, bytes);
    return `${name} has ${length} zeroed bytes at ${at} of ${size}`;
  }
  const flips = random.chance(0.5) ? 1 : 1 + random.below(8);
  for (let k = 0; k < flips; k += 1)
    bytes[Math.min(size - 1, at + k)] = (bytes[Math.min(size - 1, at + k)] ?? 0) ^ (1 << random.below(8));
  await writeFile(path, bytes);
  return `${name} has ${flips} flipped bits from byte ${at} of ${size} on`;
}
