import { addToCorpus, corpusOf } from "./corpus.ts";
import { Draw } from "./draw.ts";
import { readOptions, usage } from "./options.ts";
import type { FuzzOptions } from "./options.ts";
import { noCounts } from "./report.ts";
import type { Counts } from "./report.ts";
import { run } from "./run.ts";
import type { Target } from "./run.ts";

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function options(): FuzzOptions | null {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    return null;
  }
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
}

function describe(target: Target, seed: number, counts: Counts, cpuMs: number): string {
  const { frames, mutated, decoded, refused, lies } = counts;
  const told = [...lies].map(([reason, times]) => `${reason} ${times}`).join(", ");
  const shares = `${percent(mutated, frames)} mutated, ${percent(decoded, frames)} decoded`;
  const speed = `${Math.round(frames / (cpuMs / 1000))} frames a CPU second`;
  const more = target === "core" ? `; ${refused} messages refused by the core; lies told: ${told}` : "";
  return `${target}: seed ${seed}, ${frames} frames, ${shares}, ${speed}${more}`;
}

async function main(): Promise<number> {
  const asked = options();
  if (asked === null) return 2;
  const { frames, seed, keep } = asked;
  for (const target of asked.targets) {
    const counts = noCounts();
    const before = process.cpuUsage();
    try {
      await run(target, frames, new Draw(seed, target), counts);
    } catch (error) {
      print(
        `${target}: seed ${seed}, after ${counts.frames} frames: ${error instanceof Error ? error.message : String(error)}`,
      );
      return 1;
    }
    const { user, system } = process.cpuUsage(before);
    print(describe(target, seed, counts, (user + system) / 1000));
    if (keep) addToCorpus(corpusOf(target), counts.corpus);
  }
  return 0;
}

process.exitCode = await main();
