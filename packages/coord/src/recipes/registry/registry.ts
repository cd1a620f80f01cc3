import type { Prober, Random } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../../client/api.ts";
import { requireOptions } from "../../client/call.ts";
import type { Balancer, BalanceOptions } from "../balance/api.ts";
import { openBalancer } from "../balance/balancer.ts";
import { inTurn, longestWaitMs, within } from "../bounded.ts";
import { readNodes } from "../children.ts";
import { ensureContainer, segment, uniqueName } from "../names.ts";
import { requireStaying } from "../parting.ts";
import { type Entry, requireRoom, taken, withdraw } from "../publication.ts";
import type {
  FindOptions,
  Instance,
  InstanceChange,
  RegisterOptions,
  Registration,
  Registry,
  Service,
  WatchInstancesOptions,
} from "./api.ts";
import { checkedService } from "./checked.ts";
import { matcher } from "./filter.ts";
import { follow } from "./follow.ts";
import { asLongest, instanceRecord, readInstance } from "./instance.ts";
import { isTold, questionOf } from "./question.ts";
import { SessionRegistration } from "./registration.ts";
import { whenVacant } from "./vacancy.ts";

/** What the registry needs of the outside. */
export interface RegistryHost {
  readonly prober: Prober;
  readonly random: Random;
}

/** The service registry, on one session. */
export function createRegistry(session: Session, host: RegistryHost): Registry {
  return new SessionRegistry(session, host);
}

const servicePath = (name: string): string => `/registry/${segment(name, "name")}`;

class SessionRegistry implements Registry {
  readonly #session: Session;
  readonly #host: RegistryHost;

  constructor(session: Session, host: RegistryHost) {
    this.#session = session;
    this.#host = host;
  }

  async register(service: Service, options: RegisterOptions = {}): Promise<Registration> {
    requireOptions(options);
    const session = this.#session;
    const { prober } = this.#host;
    const facts = checkedService(service);
    const { name, check, drainMs = 0 } = service;
    const parent = servicePath(name);
    const id = segment(service.id ?? uniqueName(session), "id");
    if (check !== undefined && !isTold(check)) questionOf(check, prober, facts);
    requireStaying(session);
    const entry: Entry = { path: `${parent}/${id}`, key: uniqueName(session) };
    requireRoom(entry, instanceRecord(asLongest(facts), entry.key));
    try {
      const revision = await this.#create(parent, entry.path, instanceRecord(facts, entry.key), options);
      const instance = { ...facts, id, name, revision };
      return new SessionRegistration({ session, prober, entry, instance, check, drainMs });
    } catch (error) {
      // Given up on, it must not come to stand later.
      if (FlotillaError.is(error) && error.ambiguous) void withdraw(session, entry).catch(() => {});
      throw FlotillaError.is(error, "ERR_FLOTILLA_EXISTS") ? taken(entry, error) : error;
    }
  }

  async find(name: string, options: FindOptions = {}): Promise<readonly Instance[]> {
    requireOptions(options);
    const session = this.#session;
    const { tags: _tags, zone: _zone, meta: _meta, states: _states, ...reading } = options;
    const fits = matcher(options);
    const path = servicePath(name);
    const nodes = await within(session, reading, `find ${path}`, (bounds) =>
      readNodes(session, path, bounds),
    );
    const found = nodes.map((child) => readInstance(name, child.name, child.node));
    return found.filter((instance) => instance !== null).filter(fits);
  }

  watch(name: string, options: WatchInstancesOptions = {}): AsyncIterable<InstanceChange> {
    requireOptions(options);
    const { signal, ...filter } = options;
    return follow(this.#session, { name, path: servicePath(name), fits: matcher(filter), signal });
  }

  async service(name: string, options: BalanceOptions = {}): Promise<Balancer> {
    const path = servicePath(name);
    return openBalancer(this.#session, { name, path, random: this.#host.random, options });
  }

  async #create(
    parent: string,
    path: string,
    value: string,
    { wait = true, ...options }: RegisterOptions,
  ): Promise<number> {
    const session = this.#session;
    const { timeoutMs = longestWaitMs } = options;
    const bounds = inTurn(session.clock, { ...options, timeoutMs });
    for (;;) {
      try {
        return (await session.create(path, value, { ...bounds(), ephemeral: true })).revision;
      } catch (error) {
        if (wait && FlotillaError.is(error, "ERR_FLOTILLA_EXISTS"))
          await whenVacant(session, path, error, bounds());
        else if (FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND"))
          await ensureContainer(session, parent, bounds());
        else throw error;
      }
    }
  }
}
