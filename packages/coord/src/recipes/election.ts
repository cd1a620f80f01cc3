import { FlotillaError } from "@flotilla/runtime";
import type { CallOptions, ReadOptions, Session } from "../client/api.ts";
import type { CandidateInfo, Election, ElectionOptions, LeaderInfo, Leadership } from "./api.ts";
import { bounded, listen, within } from "./bounded.ts";
import { standInLine } from "./campaign.ts";
import { CampaignedLeadership } from "./leadership.ts";
import { leaveForGood } from "./leave.ts";
import { linePaths, type LinePaths, readHolder, readLine } from "./line.ts";
import { segment, uniqueName } from "./names.ts";
import { observeChanges } from "./observe.ts";
import type { Calls } from "./patient.ts";

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
    this.#options = checked({ value: "", priority: 0, id: session.id, ...options });
    this.#paths = linePaths("election", name);
  }

  campaign(options: CallOptions = {}): Promise<Leadership> {
    const { clock, signal: end } = this.#session;
    const bounds = { clock, options, fallbackMs: Infinity, end, what: `campaign for ${this.#paths.base}` };
    return bounded(bounds, (signal) => this.#campaign(signal));
  }

  async run(
    fn: (leadership: Leadership) => Promise<void> | void,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    while (options.signal?.aborted !== true) {
      const leadership = await this.#campaignAgain(options);
      if (leadership !== null) await this.#lead(leadership, fn, options.signal);
    }
  }

  leader(options: ReadOptions = {}): Promise<LeaderInfo | null> {
    return this.#leader(this.#session, options);
  }

  observe(options: { readonly signal?: AbortSignal } = {}): AsyncIterable<LeaderInfo | null> {
    return observeChanges(this.#session, {
      path: this.#paths.base,
      signal: options.signal,
      read: (calls) => this.#leader(calls, {}),
      same: sameLeader,
    });
  }

  async candidates(options: ReadOptions = {}): Promise<readonly CandidateInfo[]> {
    const session = this.#session;
    const what = `candidates of ${this.#paths.base}`;
    const { grant, waiters, holder } = await within(session, options, what, (bounds) =>
      readLine(session, this.#paths, bounds),
    );
    const waiting = waiters.filter((waiter) => waiter !== holder);
    const leader = holder === null ? [] : [{ ...holder, value: grant?.value ?? holder.value }];
    return [...leader, ...waiting].map(({ id, value, priority }) => ({ id, value, priority }));
  }

  async #leader(calls: Pick<Calls, "children" | "get">, options: ReadOptions): Promise<LeaderInfo | null> {
    const held = await readHolder(calls, this.#paths, options);
    if (held === null) return null;
    const { grant, holder } = held;
    return { id: grant.id, epoch: holder.mzxid, value: grant.value, sinceMs: holder.mtimeMs };
  }

  async #campaign(signal: AbortSignal): Promise<Leadership> {
    const session = this.#session;
    for (;;) {
      const applicant = { ...this.#options, name: uniqueName(session) };
      try {
        const granted = await standInLine(session, this.#paths, applicant, signal);
        const leadership = new CampaignedLeadership(session, this.#paths, applicant, granted);
        if (isBelieved(leadership)) return leadership;
        // Granted while the session's lease had lapsed: given back, and back in line.
        await leadership.release({ signal, timeoutMs: Infinity });
      } catch (error) {
        // Whatever became of the node, also one whose answer is still on its way.
        void leaveForGood(session, this.#paths, applicant.name).catch(() => {});
        throw error;
      }
    }
  }

  /** Null when the caller's signal ended the wait, or somebody deleted the place in line. */
  async #campaignAgain(options: { readonly signal?: AbortSignal }): Promise<Leadership | null> {
    try {
      return await this.campaign(options);
    } catch (error) {
      if (options.signal?.aborted === true || FlotillaError.is(error, "ERR_FLOTILLA_LOST")) return null;
      throw error;
    }
  }

  /** The next campaign begins only when `fn` has settled: no two callbacks of one election run at once. */
  async #lead(
    leadership: Leadership,
    fn: (leadership: Leadership) => Promise<void> | void,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const release = (): Promise<void> => leadership.release().catch(ignoreTyped);
    const stopListening = listen(signal, () => void release());
    try {
      if (!leadership.signal.aborted) await fn(leadership);
    } catch (error) {
      // Work that stops because leadership ended may well throw.
      if (!leadership.signal.aborted) throw error;
    } finally {
      stopListening();
      await release();
    }
  }
}

function checked(options: Required<ElectionOptions>): Required<ElectionOptions> {
  const { id, value, priority } = options;
  const fault =
    typeof id !== "string" || id === ""
      ? "id: expected a text that is not empty"
      : typeof value !== "string"
        ? "value: expected a text"
        : Number.isSafeInteger(priority)
          ? null
          : "priority: expected an integer";
  if (fault !== null) throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", fault);
  return options;
}

/** Also right after a blocked event loop, whose timers are late. */
function isBelieved(leadership: Leadership): boolean {
  return !leadership.signal.aborted && leadership.expiresIn > 0;
}

/** The place is given back in the background however its wait ends. */
function ignoreTyped(error: unknown): void {
  if (!FlotillaError.is(error)) throw error;
}

function sameLeader(a: LeaderInfo | null, b: LeaderInfo | null): boolean {
  return a?.id === b?.id && a?.epoch === b?.epoch && a?.value === b?.value;
}
