import { FlotillaError } from "@flotilla/runtime";
import type { Fence, MultiItem, Session, SessionLease } from "../../client/api.ts";
import { sharedController } from "../../shared-controller.ts";
import { bounded, listen, orAborted } from "../bounded.ts";
import { attempt } from "../grant.ts";
import { beforeClose, partingMs } from "../parting.ts";
import { patient } from "../patient.ts";
import { ignoreTyped } from "../run-held.ts";
import type { CronRun } from "./api.ts";
import type { TakenTick } from "./claim.ts";
import { type CronPlaces, nameOfRun, pathOfRecord } from "./places.ts";
import { idOfTick, writeRun } from "./records.ts";

export interface ClaimedRunParts {
  readonly session: Session;
  readonly name: string;
  readonly places: CronPlaces;
  readonly keepRuns: number;
  readonly tick: TakenTick;
  /** The period of belief at the moment the claim was seen. */
  readonly lease: SessionLease;
}

/** A tick that this process has taken up; it ends with the lease at the latest. */
export class ClaimedRun implements CronRun {
  readonly id: string;
  readonly number: number;
  readonly tickMs: number;
  readonly lateMs: number;
  readonly epoch: number;
  readonly fence: Fence;
  readonly #parts: ClaimedRunParts;
  readonly #controller = sharedController();
  readonly #stopListening: () => void;
  readonly #forget: () => void;
  #ended: Promise<void> | null = null;

  constructor(parts: ClaimedRunParts) {
    const { session, name, places, tick, lease } = parts;
    this.#parts = parts;
    this.id = idOfTick(name, tick.tickMs);
    this.number = tick.number;
    this.tickMs = tick.tickMs;
    this.lateMs = Math.max(0, session.clock.wallNow() - tick.tickMs);
    this.epoch = tick.epoch;
    this.fence = { path: `${places.running}/${nameOfRun(tick.number)}`, mzxid: tick.epoch };
    this.#forget = beforeClose(session, () => this.#part());
    this.#stopListening = listen(lease.signal, () => void this.end("lost"));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get expiresIn(): number {
    const { expiresIn } = this.#parts.lease;
    return this.signal.aborted ? Math.min(0, expiresIn) : expiresIn;
  }

  assert(): void {
    this.signal.throwIfAborted();
    this.#parts.lease.assert();
  }

  /** Fires the signal, then has the tree know; the first to say how decides. */
  end(state: "done" | "failed" | "lost", error = ""): Promise<void> {
    this.#ended ??= this.#end(state, error);
    return this.#ended;
  }

  async #end(state: "done" | "failed" | "lost", error: string): Promise<void> {
    const { session, places, keepRuns, tick } = this.#parts;
    this.#controller.abort(
      new FlotillaError("ERR_FLOTILLA_LOST", `the run ${this.id} is over: it is ${state}`),
    );
    const { number, tickMs, startedMs } = tick;
    const value = writeRun({ number, tickMs, startedMs, by: session.id, state, error });
    const record = pathOfRecord(places, number, keepRuns);
    const calls = patient(session, session.signal);
    const { path, mzxid } = this.fence;
    const over: MultiItem = { type: "delete", path, mzxid };
    try {
      // A later run may have the place of its record by now, and there may be no room to tell: over it is all the same.
      const isTold = await attempt(calls, [over, { type: "set", path: record, value, mzxid }]).catch(
        ignoreTyped,
      );
      if (typeof isTold !== "number") await attempt(calls, [over]);
    } catch (failure) {
      ignoreTyped(failure);
    }
    this.#stopListening();
    this.#forget();
  }

  #part(): Promise<void> {
    const { clock } = this.#parts.session;
    const bounds = { clock, options: {}, fallbackMs: partingMs, what: `end of ${this.id}` };
    return bounded(bounds, (signal) => orAborted(this.end("lost"), signal));
  }
}
