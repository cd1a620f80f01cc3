import type { Finding } from "./finding.ts";
import type { Mutant } from "./mutant.ts";
import { suitesFor } from "./suite-list.ts";
import { runSuites } from "./suite-run.ts";
import type { SuiteOutcome } from "./suite-run.ts";
import type { Workspace } from "./workspace.ts";
import { Worlds } from "./worlds.ts";
import type { WorldOutcome } from "./worlds.ts";

/** What is said of one mutant. */
export interface Verdict {
  readonly id: string;
  readonly killed: boolean;
  /** The checker that killed it; `crash` or `timeout` when only those befell it; null when nothing did. */
  readonly by: string | null;
  /** Worlds run, the killing one included. */
  readonly seeds: number;
  readonly cpuSeconds: number;
}

/** What runs the killers; replaced in tests. */
export interface Killers {
  /** A fresh process with the code as it is now. */
  readonly worlds: () => Promise<{
    readonly broken: Finding | null;
    readonly run: (seed: number) => Promise<WorldOutcome>;
    readonly close: () => void;
  }>;
  /** Whether the unchanged code stays whole in a world. */
  readonly isSound: (seed: number) => Promise<boolean>;
  readonly suites: (files: readonly string[]) => Promise<SuiteOutcome>;
}

export interface Terms {
  /** CPU that a mutant may use. */
  readonly budgetMs: number;
  readonly firstSeed: number;
}

const mostCrashes = 5;
/** What is left goes to the suites. */
const worldsShare = 0.6;
/** Of those suites that run as many as they are asked for. */
const schedulesASecond = 0.5;

/**
 * Lets the killers at a planted mutant: worlds of consecutive seeds, then the general suites. Only a checker
 * that fails counts, and a world only when the unchanged code stays whole in it.
 */
export async function judge(mutant: Mutant, killers: Killers, terms: Terms): Promise<Verdict> {
  const unseen: InWorlds = { finding: null, cpuMs: 0, seeds: 0 };
  const inWorlds = mutant.onlySuites === true ? unseen : await judgeInWorlds(killers, terms);
  const { seeds } = inWorlds;
  if (inWorlds.finding?.isChecker === true) return verdict(mutant, inWorlds.finding, seeds, inWorlds.cpuMs);
  const files = mutant.edits.map(({ file }) => file);
  const suites = await killers.suites(files);
  const finding = suites.finding?.isChecker === true ? suites.finding : (inWorlds.finding ?? suites.finding);
  return verdict(mutant, finding, seeds, inWorlds.cpuMs + suites.cpuMs);
}

function verdict({ id }: Mutant, finding: Finding | null, seeds: number, cpuMs: number): Verdict {
  const cpuSeconds = Math.round(cpuMs / 100) / 10;
  return { id, killed: finding?.isChecker === true, by: finding?.by ?? null, seeds, cpuSeconds };
}

interface InWorlds extends WorldOutcome {
  readonly seeds: number;
}

async function judgeInWorlds(killers: Killers, { budgetMs, firstSeed }: Terms): Promise<InWorlds> {
  const worldsMs = budgetMs * worldsShare;
  let cpuMs = 0;
  let seeds = 0;
  let crash: Finding | null = null;
  for (let processes = 0; processes < mostCrashes && cpuMs < worldsMs; processes += 1) {
    const worlds = await killers.worlds();
    try {
      if (worlds.broken !== null) return { finding: worlds.broken, cpuMs, seeds };
      let isLost = false;
      while (cpuMs < worldsMs && !isLost) {
        const seed = firstSeed + seeds;
        seeds += 1;
        const outcome = await worlds.run(seed);
        cpuMs += outcome.cpuMs;
        const { finding } = outcome;
        if (finding === null) continue;
        // Its process is gone, whoever is to blame.
        isLost = !finding.isChecker;
        if (!(await killers.isSound(seed))) continue;
        if (finding.isChecker) return { finding, cpuMs, seeds };
        crash ??= finding;
      }
    } finally {
      worlds.close();
    }
  }
  return { finding: crash, cpuMs, seeds };
}

/** Killers that run the code of a copy. `sound` has loaded the code before anything was planted in it. */
export function killersOf(workspace: Workspace, sound: Worlds, { budgetMs }: Terms): Killers {
  const schedules = Math.ceil((budgetMs / 1000) * schedulesASecond);
  const known = new Map<number, boolean>();
  return {
    worlds: async () => {
      const worlds = new Worlds(workspace.folder);
      const broken = await worlds.start();
      return { broken, run: (seed) => worlds.run(seed), close: () => worlds[Symbol.dispose]() };
    },
    isSound: async (seed) => {
      const before = known.get(seed);
      if (before !== undefined) return before;
      const { finding } = await sound.run(seed);
      if (finding !== null && !finding.isChecker)
        throw new Error(`the unchanged code ended in world ${seed}`);
      known.set(seed, finding === null);
      return finding === null;
    },
    suites: (files) => runSuites(workspace.folder, suitesFor(files), schedules),
  };
}
