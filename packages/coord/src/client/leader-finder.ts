import type { ErrorCode } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import type { Membership, NodeReport } from "./admin-api.ts";
import { askNode } from "./admin-call.ts";
import type { NetworkDialerOptions } from "./dialer.ts";
import { Endpoints } from "./endpoints.ts";

/** Longest wait for one node to say what it knows, ms. */
const describeMs = 2_000;
/** Between two rounds over all nodes, ms. */
const pauseMs = 100;

/** What is worth telling, more and more; anything else is less. */
const telling: readonly ErrorCode[] = ["ERR_FLOTILLA_DAMAGED", "ERR_FLOTILLA_NO_QUORUM"];

export type RunningReport = Extract<NodeReport, { type: "running" }>;

/** The member that leads, by its own word. */
export interface Leader {
  readonly address: string;
  readonly report: RunningReport;
}

/** Until when a call may go on, and what ends it sooner. */
export interface CallBounds {
  readonly untilMs: number;
  readonly signal: AbortSignal;
}

/** Asks the nodes that were named, and those that these tell of, for the one that leads. */
export class LeaderFinder {
  readonly #options: NetworkDialerOptions;
  readonly #endpoints: Endpoints;
  /** What went wrong last, for the error at the end. */
  #last: FlotillaError | null = null;
  /** What left open whether something was changed: nothing that goes wrong later tells that it was not. */
  #unsure: FlotillaError | null = null;

  constructor(options: NetworkDialerOptions) {
    this.#options = options;
    this.#endpoints = new Endpoints(options.endpoints, options.host);
  }

  /** Asks until a member says that it leads. @throws FlotillaError `ERR_FLOTILLA_NO_QUORUM`, or why nobody answers */
  async leader(bounds: CallBounds): Promise<Leader> {
    for (;;) {
      const found = await this.#round(bounds);
      if (found !== null) return found;
      await this.pause(bounds);
    }
  }

  /** What the node at an address says of itself. */
  async report(address: string, bounds: CallBounds): Promise<NodeReport> {
    const reply = await askNode(this.target(address, bounds, describeMs), { type: "describe" });
    if (reply.type === "report") return reply.report;
    throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "the node answered something else than it was asked");
  }

  /**
   * The first node that is wanted (by default, that runs) and hears from a leader, or else one that is wanted, or one that
   * answers: without a leader it may be left from an earlier history.
   */
  async any(
    bounds: CallBounds,
    isWanted: (report: NodeReport) => boolean = isRunning,
  ): Promise<{ readonly address: string; readonly report: NodeReport }> {
    let best: { readonly address: string; readonly report: NodeReport } | null = null;
    let last: unknown = null;
    for (const address of this.#shuffled(await this.#look(bounds))) {
      try {
        const report = await this.report(address, bounds);
        if (isWanted(report) && hearsLeader(report)) return { address, report };
        if (best === null || (isWanted(report) && !isWanted(best.report))) best = { address, report };
      } catch (error) {
        last = error;
      }
    }
    if (best !== null) return best;
    throw last;
  }

  /** Whom to ask, for at most so long. @throws FlotillaError `ERR_FLOTILLA_TIMEOUT`, or why it came to nothing so far */
  target(address: string, { untilMs, signal }: CallBounds, mostMs: number): Parameters<typeof askNode>[0] {
    return { ...this.#options, address, signal, timeoutMs: Math.min(this.#leftMs(untilMs), mostMs) };
  }

  /** What stood in the way, for the error in case the time runs out. */
  note(error: FlotillaError): void {
    this.#last = error;
    if (error.ambiguous) this.#unsure = error;
  }

  /** Lets others have time to agree. */
  async pause({ untilMs, signal }: CallBounds): Promise<void> {
    const { clock } = this.#options.host;
    const leftMs = Math.max(0, untilMs - clock.now());
    await new Promise<void>((resolve) => {
      const timer = clock.setTimer(Math.min(pauseMs, leftMs), done);
      signal.addEventListener("abort", done, { once: true });
      function done(): void {
        timer.cancel();
        signal.removeEventListener("abort", done);
        resolve();
      }
    });
  }

  async #round(bounds: CallBounds): Promise<Leader | null> {
    const seen = new Set<string>();
    const open = this.#shuffled(await this.#tryLook(bounds));
    for (let address = open.shift(); address !== undefined; address = open.shift()) {
      if (seen.has(address)) continue;
      seen.add(address);
      const report = await this.#tryReport(address, bounds);
      if (report?.type === "damaged") this.#keep(damagedError(report), bounds);
      if (report?.type !== "running") continue;
      if (report.status.role === "leader") return { address, report };
      this.#last = new FlotillaError("ERR_FLOTILLA_NO_QUORUM", "no member leads, as far as any knows");
      const likely = addressOf(report.membership, report.status.leader);
      if (likely !== null) open.unshift(likely);
      open.push(...report.membership.members.map((member) => member.address));
    }
    return null;
  }

  /** @throws FlotillaError why there is nobody to ask */
  #look({ untilMs, signal }: CallBounds): Promise<readonly string[]> {
    const timeoutMs = Math.min(this.#leftMs(untilMs), describeMs);
    return this.#endpoints.look({ timeoutMs, signal });
  }

  async #tryLook(bounds: CallBounds): Promise<readonly string[]> {
    try {
      return await this.#look(bounds);
    } catch (error) {
      this.#keep(error, bounds);
      return [];
    }
  }

  /** @throws FlotillaError `ERR_FLOTILLA_TIMEOUT`, or why it came to nothing so far */
  #leftMs(untilMs: number): number {
    const leftMs = untilMs - this.#options.host.clock.now();
    if (leftMs <= 0)
      throw this.#unsure ?? this.#last ?? new FlotillaError("ERR_FLOTILLA_TIMEOUT", "no answer in time");
    return leftMs;
  }

  /** Why one try failed. @throws whatever ends them all */
  #keep(error: unknown, { signal }: CallBounds): void {
    const isOver = error === this.#last || error === this.#unsure;
    if (!FlotillaError.is(error) || signal.aborted || isOver) throw error;
    // What a member said of itself tells more than that others do not answer.
    const rank = telling.indexOf(error.code);
    if (this.#last === null || rank >= telling.indexOf(this.#last.code)) this.#last = error;
  }

  async #tryReport(address: string, bounds: CallBounds): Promise<NodeReport | null> {
    try {
      return await this.report(address, bounds);
    } catch (error) {
      this.#keep(error, bounds);
      return null;
    }
  }

  #shuffled(addresses: readonly string[]): string[] {
    const { random } = this.#options.host;
    const keyed = addresses.map((address) => ({ address, key: random.u32() }));
    return keyed.toSorted((a, b) => a.key - b.key).map(({ address }) => address);
  }
}

/** Why a node with damaged data cannot help. */
export function damagedError({ id, problem }: Extract<NodeReport, { type: "damaged" }>): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_DAMAGED", `node ${id}: ${problem}`);
}

function isRunning({ type }: NodeReport): boolean {
  return type === "running";
}

function hearsLeader(report: NodeReport): boolean {
  return report.type === "running" && report.status.leader !== null;
}

/** True for a node that knows of the members of a cluster: one that waits to be added does not. */
export function belongsSomewhere(report: NodeReport): boolean {
  return report.type === "running" && report.membership.members.length > 0;
}

/** Where a member listens; null when there is no such member. */
export function addressOf({ members }: Membership, id: string | null): string | null {
  return members.find((member) => member.id === id)?.address ?? null;
}
