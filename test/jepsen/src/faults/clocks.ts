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
  readonly #drifting = new Set<string>();

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

  /** Time passes for each of these at a rate of its own, until the result is called. Those that drift already go on. */
  async drift(ids: readonly string[], random: KeyedRandom): Promise<() => Promise<void>> {
    const begun = ids.filter((id) => !this.#drifting.has(id));
    const all = async (rateOf: () => number): Promise<void> => {
      await Promise.all(begun.map(async (id) => this.#clocks.get(id)?.run(rateOf())));
    };
    for (const id of begun) this.#drifting.add(id);
    await all(() => 1 + drift * (2 * random.float() - 1));
    return async () => {
      await all(() => 1);
      for (const id of begun) this.#drifting.delete(id);
    };
  }
}
