import type { HistoryWriter } from "@flotilla/history";
import type { KeyedRandom } from "@flotilla/runtime/sim";

export const registerRoot = "/r";

/** So many paths for each request in flight: few enough that they meet. */
const pathsPerRequest = 0.5;
/**
 * Others take the place of all paths then: a search for an order stays short, some hundred operations long. By time, so
 * that clients in several processes meet on the same ones.
 */
const generationNs = 2e9;

/** The paths in use; others take their place as time goes on. */
export class RegisterPaths {
  readonly #pathsAtOnce: number;
  readonly #nowNs: () => number;

  /**
   * @param requests in flight at once, of all sessions
   * @param nowNs one clock for all
   */
  constructor(requests: number, nowNs: () => number) {
    this.#pathsAtOnce = Math.ceil(requests * pathsPerRequest);
    this.#nowNs = nowNs;
  }

  /** One to work on next. */
  draw(random: KeyedRandom): string {
    const generation = Math.floor(this.#nowNs() / generationNs);
    return `${registerRoot}/${generation}-${random.below(this.#pathsAtOnce)}`;
  }
}

/** All that a history knows. */
export function pathsIn(history: HistoryWriter): Set<string> {
  return new Set(history.ops().map(({ op }) => op.path));
}
