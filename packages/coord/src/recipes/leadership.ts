import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import { badArgument } from "../client/bad-argument.ts";
import { requireOptions } from "../client/call.ts";
import type { CallOptions } from "../client/read-api.ts";
import type { Leadership, ResignOptions } from "./api.ts";
import { hearAsking } from "./ask-back.ts";
import { listen, within } from "./bounded.ts";
import type { Applicant } from "./grant.ts";
import type { Place } from "./hold.ts";
import { HeldPlace } from "./held-place.ts";
import type { Holding } from "./holding.ts";
import { grantRecord, type LinePaths, readLine } from "./line.ts";
import { untilRoom } from "./no-room.ts";
import { ignoreTyped } from "./run-held.ts";
import { requireRoom, requireValue } from "./standing.ts";

/** A holding whose record others read. */
export class CampaignedLeadership extends HeldPlace implements Leadership {
  readonly #session: Session;
  readonly #paths: LinePaths;
  readonly #applicant: Applicant;
  readonly #holding: Holding;

  constructor(session: Session, paths: LinePaths, { applicant, holding }: Place) {
    super(holding);
    this.#session = session;
    this.#paths = paths;
    this.#applicant = applicant;
    this.#holding = holding;
    void this.#heedEviction();
  }

  async proclaim(value: string, options: CallOptions = {}): Promise<void> {
    requireOptions(options);
    requireValue(value);
    requireRoom({ ...this.#applicant, value });
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

  async resign(given: ResignOptions = {}): Promise<void> {
    requireOptions(given);
    const { to, ...options } = given;
    if (to === undefined) return this.release(options);
    if (typeof to !== "string") throw badArgument("to: expected the id of a candidate");
    this.assert();
    const what = `candidates of ${this.#paths.base}`;
    const { waiting } = await within(this.#session, options, what, (bounds) =>
      readLine(this.#session, this.#paths, bounds),
    );
    const heir = waiting.find(({ id }) => id === to);
    if (heir === undefined)
      throw new FlotillaError("ERR_FLOTILLA_NOT_FOUND", `no candidate ${to} waits for ${this.#paths.base}`);
    await this.#holding.giveUp(`it was handed to ${to}`, { heir: heir.name }, options);
  }

  /** For as long as it lasts. */
  async #heedEviction(): Promise<void> {
    const { signal } = this;
    try {
      const { name } = this.#applicant;
      const hear = (): Promise<AbortSignal> => hearAsking(this.#session, this.#paths, name, signal);
      const asked = await untilRoom(this.#session.clock, signal, hear);
      listen(asked, () => void this.#holding.giveUp("its holder was evicted", {}).catch(ignoreTyped));
    } catch {
      // It is over.
    }
  }
}
