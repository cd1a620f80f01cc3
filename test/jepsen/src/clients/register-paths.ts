import type { KeyedRandom } from "@flotilla/runtime/sim";

export const registerRoot = "/r";

/** So many paths for each request in flight: few enough that they meet. */
const pathsPerRequest = 0.5;
/** Operations on one path before another takes its place: a search for an order stays short. */
const operationsPerPath = 250;

/** The paths in use; others take their place as operations go on. */
export class RegisterPaths {
  readonly #pathsAtOnce: number;
  #operations = 0;

  /** @param requests in flight at once, of all sessions */
  constructor(requests: number) {
    this.#pathsAtOnce = Math.ceil(requests * pathsPerRequest);
  }

  /** One to work on next. */
  draw(random: KeyedRandom): string {
    const generation = Math.floor(this.#operations / (this.#pathsAtOnce * operationsPerPath));
    this.#operations += 1;
    return `${registerRoot}/${generation}-${random.below(this.#pathsAtOnce)}`;
  }
}
