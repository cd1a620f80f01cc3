import type { Killers, Terms, Verdict } from "./judge.ts";
import { judge, killersOf } from "./judge.ts";
import type { Mutant } from "./mutant.ts";
import { SoundSuites } from "./sound-suites.ts";
import { Workspace } from "./workspace.ts";
import { Worlds } from "./worlds.ts";

export interface RunOptions extends Terms {
  readonly root: string;
  readonly parallel: number;
  readonly onVerdict: (verdict: Verdict) => void;
}

/** Judges mutants, in lanes that have a copy each. */
export async function runAll(mutants: readonly Mutant[], options: RunOptions): Promise<Verdict[]> {
  const queue = [...mutants];
  const verdicts: Verdict[] = [];
  const soundSuites = new SoundSuites(options.root);
  const lane = async (): Promise<void> => {
    await using workspace = await Workspace.create(options.root);
    using sound = new Worlds(workspace.folder);
    const broken = await sound.start();
    if (broken !== null) throw new Error(`the unchanged code does not load: ${broken.message}`);
    const killers = killersOf(workspace, { worlds: sound, suites: soundSuites }, options);
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const verdict = await judgePlanted(mutant, workspace, killers, options);
      verdicts.push(verdict);
      options.onVerdict(verdict);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.parallel, mutants.length) }, lane));
  return verdicts;
}

async function judgePlanted(
  mutant: Mutant,
  workspace: Workspace,
  killers: Killers,
  terms: Terms,
): Promise<Verdict> {
  const remove = await workspace.plant(mutant);
  try {
    return await judge(mutant, killers, terms);
  } finally {
    await remove();
  }
}
