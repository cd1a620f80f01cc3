import { FlotillaError, invariant } from "@flotilla/runtime";
import type { CallOptions, ReadOptions, Session } from "../client/api.ts";
import type { CandidateInfo, Election, ElectionOptions, LeaderInfo, Leadership } from "./api.ts";
import { bounded } from "./bounded.ts";
import { standInLine } from "./campaign.ts";
import { CampaignedLeadership } from "./leadership.ts";
import { leaveForGood } from "./leave.ts";
import { linePaths, type LinePaths, readGrant, readLine, readWaiter } from "./line.ts";
import { segment, uniqueName } from "./names.ts";
import { observeChanges } from "./observe.ts";

/**
 * One leader at a time for `name`, on one session.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function createElection(session: Session, name: string, options: ElectionOptions = {}): Election {
  return new SessionElection(session, segment(name, "name"), options);
}

class SessionElection implements Election {
  readonly name: string;
  readonly #session: Session;
  readonly #options: Required<ElectionOptions>;
  readonly #paths: LinePaths;

  constructor(session: Session, name: string, options: ElectionOptions) {
    this.name = name;
    this.#session = session;
    this.#options = {
      value: options.value ?? "",
      priority: options.priority ?? 0,
      id: options.id ?? session.id,
    };
    this.#paths = linePaths("election", name);
    if (!Number.isSafeInteger(this.#options.priority)) {
      throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "Expected `priority` to be an integer");
    }
  }

  async campaign(options: CallOptions = {}): Promise<Leadership> {
    const session = this.#session;
    for (;;) {
      const applicant = { ...this.#options, name: uniqueName(session) };
      try {
        const granted = await bounded(session, options, Number.POSITIVE_INFINITY, (bounds) =>
          standInLine(session, this.#paths, applicant, bounds),
        );
        const leadership = new CampaignedLeadership(session, this.#paths, applicant, granted);
        // Granted while the session had lapsed: never believed, given back, and back in line.
        if (!leadership.signal.aborted) return leadership;
        await leadership.release({ ...options, timeoutMs: options.timeoutMs ?? Number.POSITIVE_INFINITY });
      } catch (error) {
        // Whatever became of the node, also one whose answer is still on its way.
        void leaveForGood(session, this.#paths, applicant.name).catch(() => {});
        throw error;
      }
    }
  }

  async run(
    fn: (leadership: Leadership) => Promise<void> | void,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    while (options.signal?.aborted !== true) {
      const leadership = await this.#campaignUntil(options);
      if (leadership === null) return;
      await this.#lead(leadership, fn, options.signal);
    }
  }

  async leader(options: ReadOptions = {}): Promise<LeaderInfo | null> {
    const grant = await readGrant(this.#session, this.#paths, options);
    if (grant === null) return null;
    const holder = await readWaiter(this.#session, this.#paths, grant.holder, options);
    return holder === null
      ? null
      : { id: grant.id, epoch: holder.mzxid, value: grant.value, sinceMs: holder.mtimeMs };
  }

  observe(options: { readonly signal?: AbortSignal } = {}): AsyncIterable<LeaderInfo | null> {
    return observeChanges(this.#session, this.#paths.base, options, () => this.leader(), sameLeader);
  }

  async candidates(options: ReadOptions = {}): Promise<readonly CandidateInfo[]> {
    const { waiters, holder } = await readLine(this.#session, this.#paths, options);
    const inOrder = holder === null ? waiters : [holder, ...waiters.filter((waiter) => waiter !== holder)];
    return inOrder.map(({ id, value, priority }) => ({ id, value, priority }));
  }

  /** Null when the caller's signal ended the wait. */
  async #campaignUntil(options: { readonly signal?: AbortSignal }): Promise<Leadership | null> {
    try {
      return await this.campaign(options);
    } catch (error) {
      if (options.signal?.aborted === true) return null;
      throw error;
    }
  }

  /** The next campaign begins only when `fn` has settled: no two callbacks of one election run at once. */
  async #lead(
    leadership: Leadership,
    fn: (leadership: Leadership) => Promise<void> | void,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const stop = (): void => void leadership.release().catch(() => {});
    if (signal?.aborted === true) stop();
    else signal?.addEventListener("abort", stop, { once: true });
    try {
      await fn(leadership);
    } catch (error) {
      // Work that stops because leadership ended may well throw.
      if (!leadership.signal.aborted) throw error;
    } finally {
      signal?.removeEventListener("abort", stop);
      await leadership.release().catch((error: unknown) => {
        invariant(FlotillaError.is(error), "release fails with typed errors only");
      });
    }
  }
}

function sameLeader(a: LeaderInfo | null, b: LeaderInfo | null): boolean {
  return a?.id === b?.id && a?.epoch === b?.epoch && a?.value === b?.value;
}
