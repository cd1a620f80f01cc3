import { refusalCode, RefusalLog } from "@flotilla/runtime";
import type { ClientHost } from "@flotilla/runtime";
import type { NodeId } from "../core/types.ts";
import { isTurnedAway } from "./peer-identity.ts";

/** Tells why links do not come to stand: once for each reason, not for each attempt. */
export class LinkLog {
  readonly #logger: ClientHost["logger"];
  readonly #refusals: RefusalLog;

  constructor({ clock, logger }: Pick<ClientHost, "clock" | "logger">) {
    this.#logger = logger;
    this.#refusals = new RefusalLog(clock);
  }

  /** A member could not be dialed; one that should dial is told of quietly. */
  notReached(id: NodeId, error: unknown, level: "warn" | "debug"): void {
    if (this.#refusals.isNews(id, error)) this.#tell(id, error, level);
  }

  /** Somebody that dialed in was refused. */
  turnedAway(address: string, error: unknown): void {
    if (this.#refusals.isNewsFrom(address, error)) this.#tell(address, error, "warn");
  }

  /** All is well with a member: what fails next is news. */
  forget(id: NodeId): void {
    this.#refusals.forget(id);
  }

  #tell(who: string, error: unknown, level: "warn" | "debug"): void {
    const isExpected = refusalCode(error) === "ERR_FLOTILLA_UNREACHABLE" || isTurnedAway(error);
    this.#logger[isExpected ? "debug" : level]({ peer: who, err: error }, "no link to a peer");
  }
}
