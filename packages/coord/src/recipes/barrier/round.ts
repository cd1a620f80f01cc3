import type { Session } from "../../client/api.ts";
import { checkedLimits } from "../../client/call.ts";
import type { CallOptions } from "../../client/read-api.ts";
import { attend } from "../attend.ts";
import { bounded, orAborted } from "../bounded.ts";
import { HeldPlace } from "../held-place.ts";
import type { Holding } from "../holding.ts";
import type { LinePaths } from "../line.ts";
import { patient } from "../patient.ts";
import type { BarrierRound } from "./api.ts";
import { Gathering, type Round } from "./gathering.ts";
import { endRound } from "./leave-round.ts";

/** Being inside. */
export class HeldRound extends HeldPlace implements BarrierRound {
  readonly index: number;
  readonly parties: number;
  readonly #session: Session;
  readonly #paths: LinePaths;
  readonly #round: Round;

  constructor(
    session: Session,
    paths: LinePaths,
    { holding, round, index }: { readonly holding: Holding; readonly round: Round; readonly index: number },
  ) {
    super(holding);
    this.index = index;
    this.parties = round.names.length;
    this.#session = session;
    this.#paths = paths;
    this.#round = round;
  }

  async leave(options: CallOptions = {}): Promise<void> {
    const { clock, signal: end } = this.#session;
    const bounds = { clock, options, fallbackMs: Infinity, end, what: `leaving ${this.#paths.base}` };
    checkedLimits(options, Infinity);
    const left = this.release({ timeoutMs: Infinity });
    left.catch(() => {});
    await bounded(bounds, async (signal) => {
      await orAborted(left, signal);
      await this.#untilOver(signal);
    });
  }

  async #untilOver(signal: AbortSignal): Promise<void> {
    const session = this.#session;
    const { epoch } = this.#round;
    const gathering = new Gathering(this.#paths);
    await attend(session, this.#paths.base, signal, async (event) => {
      gathering.take(event);
      if (gathering.round?.epoch !== epoch) return true;
      if (gathering.inside.length > 0) return null;
      await endRound(patient(session, signal), this.#paths, epoch);
      return true;
    });
  }
}
