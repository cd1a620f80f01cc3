import type { CallOptions, Fence, Session } from "../client/api.ts";
import { FlotillaError } from "@flotilla/runtime";
import type { Leadership } from "./api.ts";
import type { Applicant } from "./grant.ts";
import type { Place } from "./hold.ts";
import type { Holding } from "./holding.ts";
import { grantRecord, type LinePaths } from "./line.ts";

/** A holding whose record others read. */
export class CampaignedLeadership implements Leadership {
  readonly #session: Session;
  readonly #paths: LinePaths;
  readonly #applicant: Applicant;
  readonly #holding: Holding;

  constructor(session: Session, paths: LinePaths, { applicant, holding }: Place) {
    this.#session = session;
    this.#paths = paths;
    this.#applicant = applicant;
    this.#holding = holding;
  }

  get epoch(): number {
    return this.#holding.epoch;
  }

  get fence(): Fence {
    return this.#holding.fence;
  }

  get signal(): AbortSignal {
    return this.#holding.signal;
  }

  get expiresIn(): number {
    return this.#holding.expiresIn;
  }

  assert(): void {
    this.#holding.assert();
  }

  release(options?: CallOptions): Promise<void> {
    return this.#holding.release(options);
  }

  async proclaim(value: string, options: CallOptions = {}): Promise<void> {
    this.assert();
    try {
      await this.#session.set(this.#paths.grant, grantRecord([{ ...this.#applicant, value }], 1), {
        ...options,
        fence: this.fence,
      });
    } catch (error) {
      if (!FlotillaError.is(error, "ERR_FLOTILLA_FENCED")) throw error;
      throw new FlotillaError("ERR_FLOTILLA_LOST", `${this.#paths.base} is no longer held`, { cause: error });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#holding[Symbol.asyncDispose]();
  }
}
