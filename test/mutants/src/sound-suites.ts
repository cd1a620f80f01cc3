import type { Suite } from "./suite-list.ts";
import { runSuites } from "./suite-run.ts";
import type { SuiteTerms } from "./suite-run.ts";
import { Workspace } from "./workspace.ts";

/** Proves that the unchanged code passes what mutants fail: once for each choice of suites, in a copy of its own. */
export class SoundSuites {
  readonly #root: string;
  readonly #proofs = new Map<string, Promise<void>>();

  constructor(root: string) {
    this.#root = root;
  }

  /** @throws Error naming the test that the unchanged code fails */
  prove(suites: readonly Suite[], terms: SuiteTerms): Promise<void> {
    const key = suites.map(({ folder, file }) => `${folder}/${file}`).join(" ");
    const proof = this.#proofs.get(key) ?? this.#prove(suites, terms);
    this.#proofs.set(key, proof);
    return proof;
  }

  async #prove(suites: readonly Suite[], terms: SuiteTerms): Promise<void> {
    await using workspace = await Workspace.create(this.#root);
    const { finding } = await runSuites(workspace.folder, suites, terms);
    if (finding?.isChecker === true)
      throw new Error(`the unchanged code fails ${finding.by}: ${finding.message}`);
  }
}
