import { FlotillaError } from "@flotilla/runtime";
import type { CallOptions, ReadOptions, Session } from "../client/api.ts";
import type { Instance, Registration, Registry, Service } from "./api.ts";
import { ensurePath, segment, uniqueName } from "./names.ts";
import { observeChanges } from "./observe.ts";
import { isRecord, readRecord, textAt } from "./record.ts";

/** The service registry, on one session. */
export function createRegistry(session: Session): Registry {
  return new SessionRegistry(session);
}

const servicePath = (name: string): string => `/registry/${segment(name, "name")}`;

class SessionRegistry implements Registry {
  readonly #session: Session;
  readonly #turns = new Map<string, number>();

  constructor(session: Session) {
    this.#session = session;
  }

  async register(service: Service, options: CallOptions = {}): Promise<Registration> {
    const parent = servicePath(service.name);
    const id = segment(service.id ?? uniqueName(this.#session), "id");
    const { address, meta = {} } = service;
    if (typeof address !== "string" || address.length === 0) {
      throw new FlotillaError(
        "ERR_FLOTILLA_BAD_ARGUMENT",
        "Expected `address` to be a text such as 127.0.0.1:8080",
      );
    }
    await ensurePath(this.#session, parent, options);
    const path = `${parent}/${id}`;
    const { revision } = await this.#session.create(path, JSON.stringify({ address, meta }), {
      ...options,
      ephemeral: true,
    });
    return new SessionRegistration(this.#session, path, { id, name: service.name, address, meta, revision });
  }

  async find(name: string, options: ReadOptions = {}): Promise<readonly Instance[]> {
    const parent = servicePath(name);
    const ids: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await this.#session.children(parent, {
        ...options,
        ...(after === undefined ? {} : { after }),
      });
      ids.push(...(page?.names ?? []));
      if (page?.next === null || page === null) break;
      after = page.next;
    }
    const found = await Promise.all(ids.map((id) => this.#read(name, id, options)));
    return found.filter((instance) => instance !== null);
  }

  watch(name: string, options: { readonly signal?: AbortSignal } = {}): AsyncIterable<readonly Instance[]> {
    return observeChanges(this.#session, servicePath(name), options, () => this.find(name), sameInstances);
  }

  async pick(name: string, options: ReadOptions = {}): Promise<Instance | null> {
    const instances = await this.find(name, options);
    const turn = this.#turns.get(name) ?? 0;
    this.#turns.set(name, (turn + 1) % Number.MAX_SAFE_INTEGER);
    return instances[turn % Math.max(1, instances.length)] ?? null;
  }

  async #read(name: string, id: string, options: ReadOptions): Promise<Instance | null> {
    const node = await this.#session.get(`${servicePath(name)}/${id}`, options);
    const record = readRecord(node);
    if (node === null || record === null) return null;
    const meta: Record<string, string> = {};
    if (isRecord(record["meta"])) {
      for (const key of Object.keys(record["meta"])) meta[key] = textAt(record["meta"], key, "");
    }
    return { id, name, address: textAt(record, "address", ""), meta, revision: node.stat.mzxid };
  }
}

class SessionRegistration implements Registration {
  readonly instance: Instance;
  readonly #session: Session;
  readonly #path: string;

  constructor(session: Session, path: string, instance: Instance) {
    this.#session = session;
    this.#path = path;
    this.instance = instance;
  }

  get signal(): AbortSignal {
    return this.#session.signal;
  }

  /** The condition on mzxid keeps a successor of the same id untouched. */
  async deregister(): Promise<void> {
    if (this.#session.signal.aborted) return;
    try {
      await this.#session.multi([{ type: "delete", path: this.#path, mzxid: this.instance.revision }]);
    } catch (error) {
      const gone =
        FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND") || FlotillaError.is(error, "ERR_FLOTILLA_FENCED");
      if (!gone) throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.deregister();
  }
}

function sameInstances(a: readonly Instance[], b: readonly Instance[]): boolean {
  return (
    a.length === b.length &&
    a.every((instance, i) => instance.id === b[i]?.id && instance.revision === b[i].revision)
  );
}
