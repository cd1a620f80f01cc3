import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { MemberPlace } from "../processes/cluster.ts";
import { FailingDisk } from "../processes/failing-disk.ts";
import { whyNoPreload } from "../processes/preload.ts";
import { SyncRecorder } from "../processes/sync-recorder.ts";
import type { Plan } from "../plan/plan.ts";

const preloaded: readonly string[] = ["failing-disk", "slow-disk", "power-loss"];

/** Why faults of disks in this plan cannot happen here, or null when they can. */
export function whyNoDisks({ faults }: Plan): string | null {
  return faults.some(({ kind }) => preloaded.includes(kind)) ? whyNoPreload() : null;
}

/** What is preloaded into members so that their disks can fail or lose what was not synced. */
export class Disks {
  readonly #plan: Plan;
  readonly #failing = new Map<string, FailingDisk>();
  readonly #recorder: SyncRecorder | null;

  private constructor(plan: Plan, recorder: SyncRecorder | null) {
    this.#plan = plan;
    this.#recorder = recorder;
  }

  /** Builds what the plan needs in `folder`. */
  static async create(plan: Plan, folder: string): Promise<Disks> {
    const kinds = new Set(plan.faults.map(({ kind }) => kind));
    const disks = new Disks(plan, kinds.has("power-loss") ? SyncRecorder.build(folder) : null);
    if (!kinds.has("failing-disk") && !kinds.has("slow-disk")) return disks;
    for (let k = 1; k <= plan.nodes; k += 1) {
      const own = join(folder, `n${k}`);
      await mkdir(own);
      disks.#failing.set(`n${k}`, FailingDisk.build(own));
    }
    return disks;
  }

  /** Environment of one life of a member. */
  env({ id, dataDir }: MemberPlace, life: number): Record<string, string> {
    const failing = this.#failing.get(id)?.env(dataDir, this.#plan.diskMode) ?? {};
    const recording = this.#recorder?.env(dataDir, `${id}-${life}`) ?? {};
    const libraries = [failing["LD_PRELOAD"], recording["LD_PRELOAD"]].filter((path) => path !== undefined);
    return {
      ...failing,
      ...recording,
      ...(libraries.length === 0 ? {} : { LD_PRELOAD: libraries.join(":") }),
    };
  }

  async fail(id: string): Promise<void> {
    await this.#failing.get(id)?.fail();
  }

  async mend(id: string): Promise<void> {
    await this.#failing.get(id)?.mend();
  }

  /** Takes from a member that is gone what it had not synced in its last life. */
  async cutPower({ id, dataDir }: MemberPlace, life: number): Promise<void> {
    await this.#recorder?.cutPower(dataDir, `${id}-${life}`);
  }
}
