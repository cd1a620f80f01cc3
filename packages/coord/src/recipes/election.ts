import type { Session } from "../client/api.ts";
import { requireFunction } from "../client/bad-argument.ts";
import { checkedLimits, requireOptions } from "../client/call.ts";
import type { CallOptions, ReadOptions } from "../client/read-api.ts";
import type {
  CandidateInfo,
  Election,
  ElectionOptions,
  EvictOptions,
  LeaderInfo,
  Leadership,
} from "./api.ts";
import { evict } from "./ask-back.ts";
import { bounded, longestWaitMs, within } from "./bounded.ts";
import { inTurn } from "./campaign.ts";
import { hold } from "./hold.ts";
import { CampaignedLeadership } from "./leadership.ts";
import { allHolders, linePaths, type LinePaths, readHolder, readLine, type Waiter } from "./line.ts";
import { segment } from "./names.ts";
import { observeChanges } from "./observe.ts";
import type { Calls } from "./patient.ts";
import { type Appearance, appearance } from "./standing.ts";
import { leadOnce } from "./term.ts";

/**
 * One leader at a time for `name`, on one session.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function createElection(session: Session, name: string, options: ElectionOptions = {}): Election {
  return electionAt(session, linePaths("election", segment(name, "name")), name, options);
}

/**
 * The same at other nodes, for a recipe that has a leader.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function electionAt(
  session: Session,
  paths: LinePaths,
  name: string,
  options: ElectionOptions = {},
): Election {
  return new SessionElection(session, paths, name, options);
}

class SessionElection implements Election {
  readonly name: string;
  readonly #session: Session;
  readonly #appearance: Appearance;
  readonly #paths: LinePaths;

  constructor(session: Session, paths: LinePaths, name: string, options: ElectionOptions) {
    this.name = name;
    this.#session = session;
    this.#appearance = appearance(session, options);
    this.#paths = paths;
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
    requireFunction(fn);
    checkedLimits(options, Number.POSITIVE_INFINITY);
    // The next campaign begins only when `fn` has settled: no two callbacks of one election run at once.
    while (options.signal?.aborted !== true) await leadOnce(this.#session, this, fn, options);
  }

  leader(options: ReadOptions = {}): Promise<LeaderInfo | null> {
    return this.#leader(this.#session, options);
  }

  observe(options: { readonly signal?: AbortSignal } = {}): AsyncIterable<LeaderInfo | null> {
    requireOptions(options);
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
    const line = await within(session, options, what, (bounds) => readLine(session, this.#paths, bounds));
    const proclaimed = ({ name, value }: Waiter): string =>
      line.grant?.holders.find((grantee) => grantee.name === name)?.value ?? value;
    const leaders = allHolders(line).map((holder) => ({ ...holder, value: proclaimed(holder) }));
    const others = line.waiting.filter(({ isGranted }) => !isGranted);
    return [...leaders, ...others].map(({ id, value, priority }) => ({ id, value, priority }));
  }

  async evict(given: EvictOptions = {}): Promise<string | null> {
    requireOptions(given);
    const { force, ...options } = given;
    const { clock, signal: end } = this.#session;
    const bounds = {
      clock,
      options,
      fallbackMs: longestWaitMs,
      end,
      what: `eviction from ${this.#paths.base}`,
      writes: true,
    };
    return bounded(bounds, (signal) =>
      evict(this.#session, this.#paths, force === undefined ? {} : { force }, signal),
    );
  }

  async #leader(
    calls: Pick<Calls, "childNodes" | "get" | "watch">,
    options: ReadOptions,
  ): Promise<LeaderInfo | null> {
    const held = await readHolder(calls, this.#paths, options);
    if (held === null) return null;
    const { grantee, holder } = held;
    return { id: grantee.id, epoch: holder.mzxid, value: grantee.value, sinceMs: holder.mtimeMs };
  }

  async #campaign(signal: AbortSignal): Promise<Leadership> {
    const standing = { ...this.#appearance, permits: 1, places: 1 };
    const place = await hold(this.#session, this.#paths, standing, signal, inTurn());
    return new CampaignedLeadership(this.#session, this.#paths, place);
  }
}

function sameLeader(a: LeaderInfo | null, b: LeaderInfo | null): boolean {
  return a?.id === b?.id && a?.epoch === b?.epoch && a?.value === b?.value;
}
