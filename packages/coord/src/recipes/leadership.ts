import type { Session } from "../client/api.ts";
import type { CallOptions } from "../client/read-api.ts";
import { FlotillaError } from "@flotilla/runtime";
import type { Leadership } from "./api.ts";
import type { Applicant } from "./grant.ts";
import type { Place } from "./hold.ts";
import { HeldPlace } from "./held-place.ts";
import { grantRecord, type LinePaths } from "./line.ts";

/** A holding whose record others read. */
export class CampaignedLeadership extends HeldPlace implements Leadership {
  readonly #session: Session;
  readonly #paths: LinePaths;
  readonly #applicant: Applicant;

  constructor(session: Session, paths: LinePaths, { applicant, holding }: Place) {
    super(holding);
    this.#session = session;
    this.#paths = paths;
    this.#applicant = applicant;
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
}
