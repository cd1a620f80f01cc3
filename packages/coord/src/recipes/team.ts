import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import { requireFunction, requireNames } from "../client/bad-argument.ts";
import { checkedLimits } from "../client/call.ts";
import { isObject } from "../given.ts";
import { sharedController } from "../shared-controller.ts";
import type { Election, Leadership } from "./api.ts";
import { listen, orAborted } from "./bounded.ts";
import { createElection } from "./election.ts";
import { givenBack } from "./given-back.ts";
import type { Balancer } from "./balance/api.ts";
import { requireBalance } from "./balance/checked.ts";
import { untilRoom } from "./no-room.ts";
import type { Registry, Service } from "./registry/api.ts";
import { checkedService, serviceOptions } from "./registry/checked.ts";
import { ignoreTyped } from "./run-held.ts";
import type { Team, TeamOptions, TeamPart } from "./team-api.ts";
import { TeamWork } from "./team-work.ts";
import { leadOnce } from "./term.ts";

/**
 * A leader and its workers, on one session.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function createTeam(session: Session, registry: Registry, name: string, options: TeamOptions): Team {
  return new SessionTeam(session, registry, name, options);
}

const all: Readonly<Record<keyof TeamOptions | "name", true>> = {
  ...serviceOptions,
  candidate: true,
  priority: true,
  balance: true,
};
const names: ReadonlySet<string> = new Set(Object.keys(all));

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
function checkedOptions(options: TeamOptions): TeamOptions {
  if (!isObject(options))
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "options: expected an object with an address");
  requireNames(options, names);
  checkedService({ ...serviceOf(options), name: "" });
  // Needed when it leads, which may be long after.
  if (options.balance !== undefined) requireBalance(options.balance);
  return options;
}

function serviceOf(options: TeamOptions): Omit<Service, "name"> {
  const { candidate: _candidate, priority: _priority, balance: _balance, ...service } = options;
  return service;
}

class SessionTeam implements Team {
  readonly name: string;
  readonly #session: Session;
  readonly #registry: Registry;
  readonly #options: TeamOptions;
  readonly #election: Election;

  constructor(session: Session, registry: Registry, name: string, options: TeamOptions) {
    const { address, candidate, priority } = checkedOptions(options);
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
    requireFunction(isObject(part) ? part.lead : null);
    checkedLimits(options, Number.POSITIVE_INFINITY);
    const ending = sharedController();
    const stopListening = listen(options.signal, (reason) => ending.abort(reason));
    const work = this.#work(part, (error) => ending.abort(error));
    try {
      // One works again only when the lead was given up.
      while (options.signal?.aborted !== true) {
        await work.begin(ending.signal);
        await leadOnce(this.#session, this.#election, (leadership) => this.#lead(part, leadership, work), {
          signal: ending.signal,
        });
      }
    } catch (error) {
      if (options.signal?.aborted !== true || error !== options.signal.reason) throw error;
    } finally {
      stopListening();
      await givenBack(this.#session, work.end()).catch(ignoreTyped);
    }
  }

  #work(part: TeamPart, onFailed: (error: unknown) => void): TeamWork {
    return new TeamWork({
      register: (signal) =>
        this.#registry.register(
          { ...serviceOf(this.#options), name: this.name },
          { signal, timeoutMs: Number.POSITIVE_INFINITY },
        ),
      tell: (isWorking) => part.onWorking?.(isWorking),
      onFailed,
    });
  }

  async #lead(part: TeamPart, leadership: Leadership, work: TeamWork): Promise<void> {
    const { signal } = leadership;
    await orAborted(work.end(), signal);
    const options = { timeoutMs: Number.POSITIVE_INFINITY, ...this.#options.balance, signal };
    const follow = (): Promise<Balancer> => this.#registry.service(this.name, options);
    const workers = await untilRoom(this.#session.clock, signal, follow);
    try {
      await part.lead(leadership, workers);
    } finally {
      workers.close();
    }
  }
}
