import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { Plan } from "../plan/plan.ts";
import { OwnClocks } from "../processes/own-clocks.ts";

/** How far a clock may run from true time: the drift that leases allow for. */
const drift = 0.02;

/** Clocks of members that jump and drift. */
export class Clocks {
  readonly #clocks = new Map<string, OwnClocks>();
  readonly #drifting = new Map<string, number>();

  private constructor() {}

  /** Builds in `folder` what the plan needs for these members. */
  static async create({ faults }: Plan, members: readonly string[], folder: string): Promise<Clocks> {
    const clocks = new Clocks();
    if (!faults.some(({ kind }) => kind === "wall-jump" || kind === "clock-drift")) return clocks;
    for (const id of members) {
      const own = join(folder, `clocks-${id}`);
      await mkdir(own);
      clocks.#clocks.set(id, OwnClocks.build(own));
    }
    return clocks;
  }

  /** Environment of every life of a member. */
  env(id: string): Record<string, string> {
    return this.#clocks.get(id)?.env() ?? {};
  }

  /** The wall clocks of these jump, for good. */
  jump(ids: readonly string[], byMs: number): void {
    for (const id of ids) this.#clocks.get(id)?.jump(byMs);
  }

  /** Time passes for each of these at a rate of its own, until the last call for it is over. Those that drift already go on. */
  async drift(ids: readonly string[], random: KeyedRandom): Promise<() => Promise<void>> {
    const all = async (struck: readonly string[], rateOf: () => number): Promise<void> => {
      await Promise.all(struck.map(async (id) => this.#clocks.get(id)?.run(rateOf())));
    };
    await all(this.#count(ids, 1, 1), () => 1 + drift * (2 * random.float() - 1));
    return () => all(this.#count(ids, -1, 0), () => 1);
  }

  /** Counts one more or less for each; those that stand at so many then. */
  #count(ids: readonly string[], by: 1 | -1, at: number): string[] {
    for (const id of ids) this.#drifting.set(id, (this.#drifting.get(id) ?? 0) + by);
    return ids.filter((id) => this.#drifting.get(id) === at);
  }
}
