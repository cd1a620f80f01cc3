import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import type { CallOptions, ReadOptions } from "../client/read-api.ts";
import type { Instance, Registration, Registry, Service } from "./api.ts";
import { within } from "./bounded.ts";
import { readNames } from "./children.ts";
import { ensureContainer, segment, uniqueName } from "./names.ts";
import { observeChanges } from "./observe.ts";
import type { Calls } from "./patient.ts";
import { isRecord, readRecord, textAt } from "./record.ts";
import { type Entry, SessionRegistration, withdraw } from "./registration.ts";

/** The service registry, on one session. */
export function createRegistry(session: Session): Registry {
  return new SessionRegistry(session);
}

type Reads = Pick<Calls, "children" | "get">;

const servicePath = (name: string): string => `/registry/${segment(name, "name")}`;

class SessionRegistry implements Registry {
  readonly #session: Session;
  readonly #turns = new Map<string, number>();

  constructor(session: Session) {
    this.#session = session;
  }

  async register(service: Service, options: CallOptions = {}): Promise<Registration> {
    const session = this.#session;
    const parent = servicePath(service.name);
    const id = segment(service.id ?? uniqueName(session), "id");
    const { address, meta } = checked(service);
    const entry: Entry = { path: `${parent}/${id}`, key: uniqueName(session) };
    const value = JSON.stringify({ address, meta, key: entry.key });
    try {
      const revision = await this.#create(parent, entry.path, value, options);
      return new SessionRegistration(session, entry, { id, name: service.name, address, meta, revision });
    } catch (error) {
      // Given up on, it must not come to stand later.
      if (FlotillaError.is(error) && error.ambiguous) void withdraw(session, entry).catch(() => {});
      throw error;
    }
  }

  async find(name: string, options: ReadOptions = {}): Promise<readonly Instance[]> {
    const session = this.#session;
    const path = servicePath(name);
    return within(session, options, `find ${path}`, (bounds) => readInstances(session, name, bounds));
  }

  watch(name: string, options: { readonly signal?: AbortSignal } = {}): AsyncIterable<readonly Instance[]> {
    return observeChanges(this.#session, {
      path: servicePath(name),
      signal: options.signal,
      read: (calls) => readInstances(calls, name, {}),
      same: sameInstances,
    });
  }

  async pick(name: string, options: ReadOptions = {}): Promise<Instance | null> {
    const instances = await this.find(name, options);
    const turn = this.#turns.get(name) ?? 0;
    this.#turns.set(name, (turn + 1) % Number.MAX_SAFE_INTEGER);
    return instances[turn % Math.max(1, instances.length)] ?? null;
  }

  async #create(parent: string, path: string, value: string, options: CallOptions): Promise<number> {
    const session = this.#session;
    for (;;) {
      try {
        return (await session.create(path, value, { ...options, ephemeral: true })).revision;
      } catch (error) {
        if (!FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND")) throw error;
      }
      await ensureContainer(session, parent, options);
    }
  }
}

function checked({ address, meta = {} }: Service): Pick<Instance, "address" | "meta"> {
  if (typeof address !== "string" || address.length === 0) {
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "address: expected a text such as 127.0.0.1:8080");
  }
  if (!isRecord(meta) || !Object.values(meta).every((value) => typeof value === "string")) {
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "meta: expected texts by name");
  }
  return { address, meta: { ...meta } };
}

async function readInstances(calls: Reads, name: string, options: ReadOptions): Promise<readonly Instance[]> {
  const ids = await readNames(calls, servicePath(name), options);
  const found = await Promise.all(ids.map((id) => readInstance(calls, name, id, options)));
  return found.filter((instance) => instance !== null);
}

/** Null for what is no registration. */
async function readInstance(
  calls: Reads,
  name: string,
  id: string,
  options: ReadOptions,
): Promise<Instance | null> {
  const node = await calls.get(`${servicePath(name)}/${id}`, options);
  const record = readRecord(node);
  const address = record === null ? "" : textAt(record, "address", "");
  if (node === null || record === null || address === "") return null;
  const meta: Record<string, string> = {};
  if (isRecord(record["meta"])) {
    for (const key of Object.keys(record["meta"])) meta[key] = textAt(record["meta"], key, "");
  }
  return { id, name, address, meta, revision: node.stat.mzxid };
}

function sameInstances(a: readonly Instance[], b: readonly Instance[]): boolean {
  return (
    a.length === b.length &&
    a.every((instance, i) => instance.id === b[i]?.id && instance.revision === b[i].revision)
  );
}
