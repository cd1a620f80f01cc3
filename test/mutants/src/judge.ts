import type { Finding } from "./finding.ts";
import type { Mutant } from "./mutant.ts";
import type { SoundSuites } from "./sound-suites.ts";
import { suitesFor } from "./suite-list.ts";
import { runSuites } from "./suite-run.ts";
import type { SuiteOutcome } from "./suite-run.ts";
import type { Workspace } from "./workspace.ts";
import { Worlds } from "./worlds.ts";
import type { WorldChoice, WorldOutcome } from "./worlds.ts";

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
    readonly run: (world: WorldChoice) => Promise<WorldOutcome>;
    readonly close: () => void;
  }>;
  /** Whether the unchanged code stays whole in a world. */
  readonly isSound: (world: WorldChoice) => Promise<boolean>;
  readonly suites: (files: readonly string[]) => Promise<SuiteOutcome>;
}

export interface Terms {
  /** CPU that a mutant may use. */
  readonly budgetMs: number;
  readonly firstSeed: number;
}

const mostCrashes = 5;
/** So much of the budget is for worlds before the suites have their turn. */
const firstShare = 0.2;
/** Of those suites that run as many as they are asked for. */
const schedulesASecond = 0.5;

/**
 * Lets the killers at a planted mutant: some worlds of consecutive seeds, the general suites, then further worlds until
 * the budget is used up. Only a checker that fails counts, and a world only when the unchanged code stays whole in it.
 */
export async function judge(
  mutant: Mutant,
  killers: Killers,
  { budgetMs, firstSeed }: Terms,
): Promise<Verdict> {
  const inWorlds = new WorldsTurn(killers, firstSeed, isOfLog(mutant));
  const mayUseWorlds = mutant.onlySuites !== true;
  if (mayUseWorlds) await inWorlds.until(budgetMs * firstShare);
  if (inWorlds.isKilled) return verdict(mutant, inWorlds.finding, inWorlds, 0);
  const suites = await killers.suites(mutant.edits.map(({ file }) => file));
  if (suites.finding?.isChecker === true) return verdict(mutant, suites.finding, inWorlds, suites.cpuMs);
  if (mayUseWorlds) await inWorlds.until(budgetMs - suites.cpuMs);
  return verdict(mutant, inWorlds.finding ?? suites.finding, inWorlds, suites.cpuMs);
}

function verdict({ id }: Mutant, finding: Finding | null, worlds: WorldsTurn, suitesMs: number): Verdict {
  const cpuSeconds = Math.round((worlds.cpuMs + suitesMs) / 100) / 10;
  const { seeds } = worlds;
  return { id, killed: finding?.isChecker === true, by: finding?.by ?? null, seeds, cpuSeconds };
}

/** Worlds of the log alone meet it too, for a fifth of what those of the product cost. */
function isOfLog({ edits }: Mutant): boolean {
  return edits.every(({ file }) => file.startsWith("packages/raft/"));
}

/** Worlds of one mutant, seed after seed; every second one is of the log alone when that may do. */
class WorldsTurn {
  seeds = 0;
  cpuMs = 0;
  /** What a checker found; before that, the first crash. */
  finding: Finding | null = null;
  readonly #killers: Killers;
  readonly #firstSeed: number;
  readonly #hasLogWorlds: boolean;
  /** Processes that crashed. */
  #lost = 0;
  #isBroken = false;

  constructor(killers: Killers, firstSeed: number, hasLogWorlds: boolean) {
    this.#killers = killers;
    this.#firstSeed = firstSeed;
    this.#hasLogWorlds = hasLogWorlds;
  }

  get isKilled(): boolean {
    return this.finding?.isChecker === true;
  }

  /** Goes on until a checker fails, so much CPU was used, or everything crashes. */
  async until(cpuMs: number): Promise<void> {
    while (this.#mayGoOn(cpuMs)) await this.#inOneProcess(cpuMs);
  }

  #mayGoOn(cpuMs: number): boolean {
    const isGivenUp = this.#isBroken || this.#lost === mostCrashes;
    return !isGivenUp && !this.isKilled && this.cpuMs < cpuMs;
  }

  async #inOneProcess(cpuMs: number): Promise<void> {
    const worlds = await this.#killers.worlds();
    try {
      if (worlds.broken !== null) {
        this.#isBroken = true;
        this.finding = worlds.broken;
      }
      let isLost = false;
      while (this.#mayGoOn(cpuMs) && !isLost) {
        const isLogAlone = this.#hasLogWorlds && this.seeds % 2 === 0;
        const world = { seed: this.#firstSeed + this.seeds, isLogAlone };
        this.seeds += 1;
        const outcome = await worlds.run(world);
        this.cpuMs += outcome.cpuMs;
        const { finding } = outcome;
        if (finding === null) continue;
        // Its process is gone, whoever is to blame.
        isLost = !finding.isChecker;
        if (isLost) this.#lost += 1;
        if (!(await this.#killers.isSound(world))) continue;
        if (finding.isChecker) this.finding = finding;
        else this.finding ??= finding;
      }
    } finally {
      worlds.close();
    }
  }
}

/** What knows the unchanged code. */
export interface Unchanged {
  /** Has loaded it before anything was planted in the copy. */
  readonly worlds: Worlds;
  readonly suites: SoundSuites;
}

/** Killers that run the code of a copy. A suite that the unchanged code fails ends the run. */
export function killersOf(workspace: Workspace, unchanged: Unchanged, { budgetMs }: Terms): Killers {
  const schedules = Math.ceil((budgetMs / 1000) * schedulesASecond);
  const known = new Map<string, boolean>();
  return {
    worlds: async () => {
      const worlds = new Worlds(workspace.folder);
      const broken = await worlds.start();
      return { broken, run: (world) => worlds.run(world), close: () => worlds[Symbol.dispose]() };
    },
    isSound: async (world) => {
      const name = `${world.isLogAlone ? "log of " : ""}world ${world.seed}`;
      const before = known.get(name);
      if (before !== undefined) return before;
      const { finding } = await unchanged.worlds.run(world);
      if (finding !== null && !finding.isChecker) throw new Error(`the unchanged code ended in ${name}`);
      known.set(name, finding === null);
      return finding === null;
    },
    suites: async (files) => {
      const suites = suitesFor(files);
      const outcome = await runSuites(workspace.folder, suites, { schedules });
      if (outcome.finding?.isChecker === true) await unchanged.suites.prove(suites, { schedules });
      return outcome;
    },
  };
}
