import type { GoldenCommand } from "../world/golden-log.ts";
import type { JobName } from "./cron.ts";

/** A tick that was taken up, or passed over. */
export interface TakenTick {
  readonly job: JobName;
  readonly number: number;
  readonly tickMs: number;
  readonly state: string;
  readonly by: string | null;
  readonly revision: number;
  /** Runs of the job that were under way then. */
  readonly others: readonly string[];
}

/** How far a job is, as the log tells. */
export class CronReplay {
  readonly #base: string;
  readonly #job: JobName;
  readonly #running = new Set<string>();
  /** Null while nobody took part. */
  lastMs: number | null = null;

  constructor(job: JobName) {
    this.#job = job;
    this.#base = `/cron/${job}`;
  }

  /** The tick that a command took up; null when it did not. */
  take({ events }: Pick<GoldenCommand, "events">): TakenTick | null {
    const last = events.find(({ path, node }) => path === `${this.#base}/last` && node !== null);
    const others = [...this.#running];
    for (const { path, node } of events) {
      if (!path.startsWith(`${this.#base}/running/`)) continue;
      if (node === null) this.#running.delete(path);
      else this.#running.add(path);
    }
    if (last?.node === null || last?.node === undefined) return null;
    const { revision, type, by } = last;
    this.lastMs = Number(new TextDecoder().decode(last.node.value));
    if (type === "created") return null;
    const record = events.find(({ path, node }) => path.startsWith(`${this.#base}/runs/`) && node !== null);
    const state = record?.node ? stateIn(record.node.value) : "untold";
    const { version: number } = last.node.stat;
    return { job: this.#job, number, tickMs: this.lastMs, state, by, revision, others };
  }
}

function stateIn(value: Uint8Array): string {
  return (JSON.parse(new TextDecoder().decode(value)) as { readonly state: string }).state;
}
