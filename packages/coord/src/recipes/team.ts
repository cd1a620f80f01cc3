import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import type { Election, Leadership } from "./api.ts";
import { createElection } from "./election.ts";
import { givenBack } from "./given-back.ts";
import type { Registration, Registry } from "./registry/api.ts";
import { ignoreTyped } from "./run-held.ts";
import type { Team, TeamOptions, TeamPart } from "./team-api.ts";

/**
 * A leader and its workers, on one session.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function createTeam(session: Session, registry: Registry, name: string, options: TeamOptions): Team {
  return new SessionTeam(session, registry, name, options);
}

class SessionTeam implements Team {
  readonly name: string;
  readonly #session: Session;
  readonly #registry: Registry;
  readonly #options: TeamOptions;
  readonly #election: Election;

  constructor(session: Session, registry: Registry, name: string, options: TeamOptions) {
    const { address, candidate, priority } = options;
    this.name = name;
    this.#session = session;
    this.#registry = registry;
    this.#options = options;
    this.#election = createElection(session, name, {
      value: address,
      ...(candidate === undefined ? {} : { id: candidate }),
      ...(priority === undefined ? {} : { priority }),
    });
  }

  async run(part: TeamPart, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options;
    const isOver = (): boolean => signal?.aborted === true || this.#session.signal.aborted;
    let working = await this.#begin(part, signal);
    try {
      await this.#election.run(async (leadership) => {
        await this.#end(part, working);
        working = null;
        await this.#lead(part, leadership);
        if (!isOver()) working = await this.#begin(part, signal);
      }, options);
    } finally {
      await givenBack(this.#session, this.#end(part, working)).catch(ignoreTyped);
    }
  }

  /** Null when the signal ended the wait. */
  async #begin({ onWorking }: TeamPart, signal: AbortSignal | undefined): Promise<Registration | null> {
    const { candidate: _candidate, priority: _priority, balance: _balance, ...service } = this.#options;
    try {
      const bounds = { timeoutMs: Number.POSITIVE_INFINITY, ...(signal === undefined ? {} : { signal }) };
      const registration = await this.#registry.register({ ...service, name: this.name }, bounds);
      onWorking?.(true);
      return registration;
    } catch (error) {
      if (signal?.aborted === true && FlotillaError.is(error, "ERR_FLOTILLA_ABORTED")) return null;
      throw error;
    }
  }

  async #end({ onWorking }: TeamPart, registration: Registration | null): Promise<void> {
    if (registration === null) return;
    await registration.deregister();
    onWorking?.(false);
  }

  async #lead({ lead }: TeamPart, leadership: Leadership): Promise<void> {
    const { signal } = leadership;
    const workers = await this.#registry.service(this.name, { ...this.#options.balance, signal });
    try {
      await lead(leadership, workers);
    } finally {
      workers.close();
    }
  }
}
