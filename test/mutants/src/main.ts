import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mutants, smoke } from "./catalog/index.ts";
import { misfits } from "./edit.ts";
import type { Verdict } from "./judge.ts";
import { runGeneric } from "./generic/run-generic.ts";
import { asLine, score } from "./generic/score.ts";
import type { Subject } from "./generic/subjects.ts";
import { subjects } from "./generic/subjects.ts";
import type { Mutant } from "./mutant.ts";
import type { MutantOptions } from "./options.ts";
import { readOptions, usage } from "./options.ts";
import { provocations } from "./real/provocations.ts";
import { realText, runReal } from "./real/run-real.ts";
import { runAll } from "./run-all.ts";
import { asText, summarize } from "./summary.ts";
import { Workspace } from "./workspace.ts";

/** What part of all small changes the tests of a package must notice. */
const leastScore = 0.85;
const root = join(import.meta.dirname, "../../..");

interface Asked {
  readonly asked: MutantOptions;
  readonly picked: readonly Mutant[];
}

function options(): Asked | null {
  try {
    const asked = readOptions(process.argv.slice(2));
    return { asked, picked: chosen(asked) };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    return null;
  }
}

function chosen({ only, smoke: isSmoke, real: isReal }: MutantOptions): readonly Mutant[] {
  const all = isReal ? provocations : mutants;
  const wanted = only ?? (isSmoke ? smoke : all.map(({ id }) => id));
  return wanted.map((id) => {
    const mutant = mutants.find((each) => each.id === id);
    if (mutant === undefined) throw new RangeError(`there is no mutant ${id}`);
    return mutant;
  });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function generic({ json, sample, skip, seed }: MutantOptions, subject: Subject): Promise<number> {
  const verdicts = await runGeneric({
    root,
    subject,
    sample,
    skip,
    seed,
    onVerdict: (verdict) => print(json ? JSON.stringify(verdict) : asLine(verdict)),
  });
  const summary = score(verdicts);
  print(JSON.stringify(summary));
  return summary.score >= leastScore ? 0 : 1;
}

async function real({ json, seed }: MutantOptions, picked: readonly Mutant[]): Promise<number> {
  const verdicts = await runReal(picked, provocations, {
    root,
    firstSeed: seed,
    onVerdict: (verdict) => print(json ? JSON.stringify(verdict) : realText(verdict)),
  });
  const survived = verdicts.filter(({ killed }) => !killed).map(({ id }) => id);
  print(JSON.stringify({ total: verdicts.length, killed: verdicts.length - survived.length, survived }));
  return survived.length === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const given = options();
  if (given === null) return 2;
  const { asked, picked } = given;
  const wrong = misfits(picked, (file) => readFileSync(join(root, file), "utf8"));
  for (const line of wrong) process.stderr.write(`${line}\n`);
  if (wrong.length > 0) return 2;
  if (asked.check) {
    if (asked.json) print(JSON.stringify({ fit: picked.map(({ id }) => id) }));
    return 0;
  }
  if (asked.generic !== null) return generic(asked, subjects[asked.generic]);
  if (asked.real) return real(asked, picked);
  const tell = (verdict: Verdict): void => print(asked.json ? JSON.stringify(verdict) : asText(verdict));
  const verdicts = await runAll(picked, {
    root,
    parallel: asked.parallel,
    budgetMs: asked.budgetSeconds * 1000,
    firstSeed: asked.seed,
    onVerdict: tell,
  });
  const summary = summarize(verdicts);
  print(JSON.stringify(summary));
  return summary.killed === summary.total ? 0 : 1;
}

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.once(signal, () => {
    Workspace.removeAll();
    process.exit(code);
  });
}
process.exitCode = await main();
