import type { KeyedRandom } from "@flotilla/runtime/sim";

export const registerRoot = "/r";

const pathsAtOnce = 12;
/** Operations on one path before another takes its place: a search for an order stays short. */
const operationsPerPath = 250;

/** The paths in use; others take their place as operations go on. */
export class RegisterPaths {
  #operations = 0;

  /** One to work on next. */
  draw(random: KeyedRandom): string {
    const generation = Math.floor(this.#operations / (pathsAtOnce * operationsPerPath));
    this.#operations += 1;
    return `${registerRoot}/${generation}-${random.below(pathsAtOnce)}`;
  }
}
