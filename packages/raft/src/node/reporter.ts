import type { Index } from "../core/types.ts";
import type { Settings } from "./settings.ts";
import type { RaftStatus } from "./types.ts";

/** Tells whoever listens what a turn changed: the commit index, and the status. */
export class Reporter {
  readonly #settings: Pick<Settings, "observer" | "onStatus">;
  #commit: Index;
  #isChanged = true;

  /** @param commit known to whoever listens */
  constructor(settings: Pick<Settings, "observer" | "onStatus">, commit: Index) {
    this.#settings = settings;
    this.#commit = commit;
  }

  /** The status is another one than told last. */
  statusChanged(): void {
    this.#isChanged = true;
  }

  /** The end of a turn. */
  report(commit: Index, status: () => RaftStatus): void {
    const { observer, onStatus } = this.#settings;
    if (commit > this.#commit) {
      this.#commit = commit;
      observer.onCommit(commit);
    }
    if (!this.#isChanged) return;
    this.#isChanged = false;
    onStatus?.(status());
  }
}
