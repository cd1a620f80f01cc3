import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { MemberPlace } from "../processes/cluster.ts";
import { FailingDisk } from "../processes/failing-disk.ts";
import { joined } from "../processes/preload.ts";
import { SyncRecorder } from "../processes/sync-recorder.ts";
import type { Plan } from "../plan/plan.ts";

/** What is preloaded into members so that their disks can fail or lose what was not synced. */
export class Disks {
  readonly #plan: Plan;
  readonly #failing = new Map<string, FailingDisk>();
  readonly #recorder: SyncRecorder | null;

  private constructor(plan: Plan, recorder: SyncRecorder | null) {
    this.#plan = plan;
    this.#recorder = recorder;
  }

  /** Builds in `folder` what the plan needs for these members. */
  static async create(plan: Plan, members: readonly string[], folder: string): Promise<Disks> {
    const kinds = new Set(plan.faults.map(({ kind }) => kind));
    const losesPower = kinds.has("power-loss") || kinds.has("isolate-elected");
    const disks = new Disks(plan, losesPower ? SyncRecorder.build(folder) : null);
    if (!kinds.has("failing-disk") && !kinds.has("slow-disk")) return disks;
    for (const id of members) {
      const own = join(folder, `disk-${id}`);
      await mkdir(own);
      disks.#failing.set(id, FailingDisk.build(own));
    }
    return disks;
  }

  /** Environment of one life of a member. */
  env({ id, dataDir }: MemberPlace, life: number): Record<string, string> {
    const failing = this.#failing.get(id)?.env(dataDir, this.#plan.diskMode) ?? {};
    const recording = this.#recorder?.env(dataDir, `${id}-${life}`) ?? {};
    return joined(failing, recording);
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
