import type { Coord } from "@flotilla/coord";
import type { Clock } from "@flotilla/runtime";
import type { Kernel, SimNode } from "@flotilla/runtime/sim";
import type { Machine } from "./api.ts";
import { badArgument } from "./bad-argument.ts";

/** Machines by their names and by the handles that run on them. */
export class Machines {
  readonly #kernel: Kernel;
  readonly #names = new WeakMap<object, string>();
  readonly #clocks = new Map<string, Clock>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Remembers where a handle runs. */
  bind(coord: Coord, name: string): void {
    this.#names.set(coord, name);
    this.#clocks.set(name, coord.session.clock);
  }

  /** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
  name(machine: Machine): string {
    const known = this.#kernel.nodes().map(({ name }) => name);
    const name = typeof machine === "string" ? machine : this.#names.get(machine);
    if (name !== undefined && known.includes(name)) return name;
    const given = typeof machine === "string" ? machine : "a handle from elsewhere or of a namespace";
    throw badArgument(`no such machine: ${given}; there are ${known.join(", ")}`);
  }

  /** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
  get(machine: Machine): SimNode {
    return this.#kernel.node(this.name(machine));
  }

  /**
   * The clock of the last process there.
   * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
   */
  clock(machine: Machine): Clock {
    const name = this.name(machine);
    const clock = this.#clocks.get(name);
    if (clock === undefined) throw badArgument(`nothing runs on ${name}`);
    return clock;
  }
}
