import type { Fence, MultiItem, Session } from "../../client/api.ts";
import { attempt } from "../grant.ts";
import { ensureContainer } from "../names.ts";
import { patient } from "../patient.ts";
import type { Wake } from "../wake.ts";
import type { Applicant, Assign, Assignment } from "./assignment.ts";
import type { ShardPaths } from "./paths.ts";
import { planRecord } from "./records.ts";
import type { View } from "./view.ts";

/** How long those who come are waited for, so that they are given shards at once instead of one after the other, ms. */
const joiningMs = 250;

/** What is to be given out, and to whom. */
export interface Wanted {
  readonly count: number;
  readonly applicants: readonly Applicant[];
}

export interface Planning {
  readonly assign: Assign;
  /** Null: nothing for now. */
  readonly wanted: (view: View) => Wanted | null;
  /** `when-unowned`: another number of shards is planned only when nobody owns one of the old. */
  readonly resize: "any-time" | "when-unowned";
}

/** Gives shards out for as long as it leads. Whatever it plans, nobody owns what another one owns: claims see to that. */
export class Planner {
  readonly #session: Session;
  readonly #paths: ShardPaths;
  readonly #view: View;
  readonly #wake: Wake;
  readonly #planning: Planning;
  /** Of the last plan written. */
  #written = 0;

  /** @param wake of its own, notified of every change of the view */
  constructor(session: Session, paths: ShardPaths, view: View, wake: Wake, planning: Planning) {
    this.#session = session;
    this.#paths = paths;
    this.#view = view;
    this.#wake = wake;
    this.#planning = planning;
  }

  /** Rejects with the reason of the signal, and with what a write throws. */
  async lead({ fence, signal }: { readonly fence: Fence; readonly signal: AbortSignal }): Promise<void> {
    const { clock } = this.#session;
    for (let sinceMs: number | null = null; ;) {
      const next = this.#next();
      sinceMs = next === null ? null : (sinceMs ?? clock.now());
      const leftMs = sinceMs === null || this.#isUrgent() ? 0 : sinceMs + joiningMs - clock.now();
      if (next !== null && leftMs <= 0) {
        await this.#write(next, fence, signal);
        sinceMs = null;
      }
      const timer = leftMs > 0 ? clock.setTimer(leftMs, () => this.#wake.notify()) : null;
      try {
        await this.#wake.nextTurn(clock, signal);
      } finally {
        timer?.cancel();
      }
    }
  }

  /** Null while the plan is as it should be, or the view is behind it. */
  #next(): Assignment | null {
    const { plan, revision } = this.#view;
    const wanted = revision < this.#written ? null : this.#planning.wanted(this.#view);
    if (wanted === null) return null;
    const { count, applicants } = wanted;
    const present = new Set(applicants.map(({ name }) => name));
    const current = Array.from({ length: count }, (_, shard) => this.#meantFor(shard, present));
    const next = this.#planning.assign({ applicants, current });
    const isSame = plan?.owners.length === count && next.every((name, shard) => plan.owners[shard] === name);
    return isSame ? null : next;
  }

  /** Whom a shard was given to last, of those who are there. */
  #meantFor(shard: number, present: ReadonlySet<string>): string | null {
    const { plan, owned } = this.#view;
    const names = [plan?.owners[shard], owned.get(shard)?.name];
    return names.find((name) => typeof name === "string" && present.has(name)) ?? null;
  }

  /** Somebody who was given shards is gone. */
  #isUrgent(): boolean {
    const { plan, participants } = this.#view;
    return plan?.owners.some((name) => name !== null && !participants.has(name)) === true;
  }

  async #write(owners: Assignment, fence: Fence, signal: AbortSignal): Promise<void> {
    const { plan: path, owned } = this.#paths;
    const { plan } = this.#view;
    const value = planRecord(owners);
    const isResized = plan?.owners.length !== owners.length;
    const items: MultiItem[] = [{ type: "check", ...fence }];
    const calls = patient(this.#session, signal);
    if (isResized && this.#planning.resize === "when-unowned") {
      await ensureContainer(calls, owned);
      items.push({ type: "check", path: owned, if: { children: 0 } });
    }
    items.push(
      plan === null ? { type: "create", path, value } : { type: "set", path, value, mzxid: plan.mzxid },
    );
    // Refused: what the view has not shown yet is still to come.
    this.#written = (await attempt(calls, items)) ?? this.#written;
  }
}
