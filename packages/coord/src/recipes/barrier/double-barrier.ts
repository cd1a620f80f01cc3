import { limits } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../../client/api.ts";
import type { CallOptions } from "../../client/read-api.ts";
import { attend } from "../attend.ts";
import { bounded } from "../bounded.ts";
import { requireInteger } from "../counted.ts";
import { Holding } from "../holding.ts";
import { type LinePaths, linePaths, waiterPath } from "../line.ts";
import { ensureContainer, segment, uniqueName } from "../names.ts";
import { requireStaying } from "../parting.ts";
import { type Calls, patient } from "../patient.ts";
import type { BarrierRound, DoubleBarrier, DoubleBarrierOptions } from "./api.ts";
import { Gathering, partyRecord, type Round } from "./gathering.ts";
import { isOutdated, leaveRound } from "./leave-round.ts";
import { HeldRound } from "./round.ts";

// The last to leave checks that all others have, and takes the record and itself along, or else itself alone.
const maxParties = limits.opsPerMulti - 2;

/**
 * A double barrier, on one session.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function createDoubleBarrier(
  session: Session,
  name: string,
  { parties }: DoubleBarrierOptions,
): DoubleBarrier {
  const checked = requireInteger(parties, "parties", 1, maxParties);
  return new SessionDoubleBarrier(session, segment(name, "name"), checked);
}

class SessionDoubleBarrier implements DoubleBarrier {
  readonly name: string;
  readonly parties: number;
  readonly #session: Session;
  readonly #paths: LinePaths;

  constructor(session: Session, name: string, parties: number) {
    this.name = name;
    this.parties = parties;
    this.#session = session;
    this.#paths = linePaths("double-barrier", name);
  }

  async enter(options: CallOptions = {}): Promise<BarrierRound> {
    const session = this.#session;
    const paths = this.#paths;
    requireStaying(session);
    const { clock, signal: end } = session;
    const bounds = { clock, options, fallbackMs: Infinity, end, what: `entering ${paths.base}` };
    const name = uniqueName(session);
    try {
      return await bounded(bounds, async (signal) => {
        await this.#arrive(patient(session, signal), name);
        const round = await this.#begun(name, signal);
        signal.throwIfAborted();
        return this.#inside(name, round);
      });
    } catch (error) {
      // Whatever became of the node, also one whose answer is still on its way.
      void leaveRound(session, paths, name).catch(() => {});
      throw error;
    }
  }

  /** Is there for the others to see. */
  async #arrive(calls: Calls, name: string): Promise<void> {
    const value = partyRecord(this.parties);
    for (;;) {
      try {
        await calls.create(waiterPath(this.#paths, name), value, { ephemeral: true, guarded: true });
        return;
      } catch (error) {
        if (!FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND")) throw error;
      }
      await ensureContainer(calls, this.#paths.line);
    }
  }

  /** The round that this one is in. Whoever has waited longest has it begin, for everybody in it. */
  #begun(name: string, signal: AbortSignal): Promise<Round> {
    const { parties } = this;
    const gathering = new Gathering(this.#paths);
    const calls = patient(this.#session, signal);
    return attend(this.#session, this.#paths.base, signal, async (event) => {
      gathering.take(event);
      const { round } = gathering;
      if (!gathering.has(name)) throw this.#lost("its node was taken away");
      if (round?.names.includes(name) === true) return round;
      const [first] = gathering.waiting;
      if (first?.name === name) await this.#begin(calls, gathering);
      else if (first?.parties !== parties) throw this.#otherCount(first?.parties);
      return null;
    });
  }

  async #begin(calls: Calls, gathering: Gathering): Promise<void> {
    const items = gathering.nextRound(this.parties);
    if (items === null) return;
    try {
      await calls.multi(items);
    } catch (error) {
      // What it was that changed is told next.
      if (!isOutdated(error)) throw error;
    }
  }

  #inside(name: string, round: Round): BarrierRound {
    const { epoch } = round;
    const session = this.#session;
    const holding = new Holding(
      session,
      this.#paths,
      name,
      { epoch, lease: session.lease, known: undefined, watch: null },
      leaveRound,
    );
    if (holding.signal.aborted || holding.expiresIn <= 0) throw this.#lost("its lease lapsed");
    return new HeldRound(session, this.#paths, { holding, round, index: round.names.indexOf(name) });
  }

  #lost(why: string): FlotillaError {
    return new FlotillaError("ERR_FLOTILLA_LOST", `no place at ${this.#paths.base} any more: ${why}`);
  }

  #otherCount(found = 0): FlotillaError {
    const message = `parties: whoever waits at ${this.#paths.base} counts ${found}, not ${this.parties}`;
    return new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
  }
}
