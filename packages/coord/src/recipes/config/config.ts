import { FlotillaError } from "@flotilla/runtime";
import type { Node } from "@flotilla/kv";
import type { MultiItem, MultiResult, Session } from "../../client/api.ts";
import { requireFunction } from "../../client/bad-argument.ts";
import { requireOptions } from "../../client/call.ts";
import { type Codec, jsonCodec } from "../../client/codecs.ts";
import type { CallOptions, ReadOptions } from "../../client/read-api.ts";
import { unfit } from "../../client/schema.ts";
import { bytes, text } from "../../client/values.ts";
import { bounded, orAborted, within } from "../bounded.ts";
import { requireInteger } from "../counted.ts";
import { endable } from "../endable.ts";
import { fenceChecks } from "../fence-check.ts";
import { follow } from "../follow.ts";
import { nodeIn } from "../node-in.ts";
import { ensurePath, segment } from "../names.ts";
import type {
  Config,
  ConfigDifference,
  ConfigHistoryOptions,
  ConfigOptions,
  ConfigVersion,
  ConfigWatchOptions,
  ConfigWriteOptions,
} from "./api.ts";
import { differences } from "./difference.ts";
import { documentOf, type Facts, readDocument, versionName } from "./document.ts";
import { readVersion, readVersions, surplus, versionAfter, versionNames } from "./versions.ts";

const maxHistory = 1_000;
const maxBy = 255;
const maxNote = 1_000;

/** What is to be the next version. */
interface Draft extends Pick<ConfigWriteOptions, "version" | "note" | "fence"> {
  /** The value, which fits the schema. */
  readonly json: string;
  readonly restored: number | null;
}

/** A version as it would be, and what makes it one. */
interface Drafted {
  readonly facts: Facts;
  readonly items: readonly MultiItem[];
}

/**
 * A shared configuration, on one session.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function createConfig<In, Out>(
  session: Session,
  name: string,
  options: ConfigOptions<In, Out>,
): Config<In, Out> {
  return new SessionConfig(session, segment(name, "name"), options);
}

class SessionConfig<In, Out> implements Config<In, Out> {
  readonly name: string;
  readonly path: string;
  readonly #session: Session;
  readonly #codec: Codec<In, Out>;
  readonly #history: number;
  readonly #by: string;

  constructor(session: Session, name: string, { schema, history = 100, by }: ConfigOptions<In, Out>) {
    this.name = name;
    this.path = `/config/${name}`;
    this.#session = session;
    this.#codec = jsonCodec({ schema });
    this.#history = requireInteger(history, "history", 1, maxHistory);
    this.#by = requireText(by ?? session.id, "by", maxBy);
  }

  async get(options?: ReadOptions): Promise<ConfigVersion<Out> | null> {
    const node = await this.#session.get(this.path, options);
    return node === null ? null : this.#judged(node);
  }

  async set(value: In, options: ConfigWriteOptions = {}): Promise<ConfigVersion<Out>> {
    const json = await this.#jsonOf(value);
    return this.#within(options, (bounds) => this.#commit({ ...options, json, restored: null }, bounds));
  }

  async update(
    change: (value: Out | null) => In | Promise<In>,
    options: Omit<ConfigWriteOptions, "version"> = {},
  ): Promise<ConfigVersion<Out>> {
    requireFunction(change);
    return this.#within(options, async (bounds) => {
      for (;;) {
        const latest = await this.get(bounds);
        const changing = (async () => change(latest?.value ?? null))();
        const value = await orAborted(changing, bounds.signal);
        try {
          return await this.set(value, { ...options, ...bounds, version: latest?.version ?? 0 });
        } catch (error) {
          if (!FlotillaError.is(error, "ERR_FLOTILLA_BAD_VERSION")) throw error;
        }
      }
    });
  }

  async draft(value: In, options: ConfigWriteOptions = {}): Promise<readonly MultiItem[]> {
    const json = await this.#jsonOf(value);
    return this.#within(options, async (bounds) => {
      const draft = { ...options, json, restored: null };
      const { items } = await this.#drafted(draft, await this.#session.get(this.path, bounds), bounds);
      await ensurePath(this.#session, "/config", bounds);
      return items;
    });
  }

  async history(options: ConfigHistoryOptions = {}): Promise<readonly ConfigVersion<unknown>[]> {
    requireOptions(options);
    const { before = Number.MAX_SAFE_INTEGER, limit = maxHistory, ...reading } = options;
    requireInteger(before, "before", 1, Number.MAX_SAFE_INTEGER);
    requireInteger(limit, "limit", 1, maxHistory);
    const what = `history of ${this.path}`;
    return within(this.#session, reading, what, (bounds) =>
      readVersions(this.#session, this.path, { before, limit }, bounds),
    );
  }

  async diff(from: number, to: number, options: ReadOptions = {}): Promise<readonly ConfigDifference[]> {
    return within(this.#session, options, `difference of ${this.path}`, async (bounds) => {
      const before = await readVersion(this.#session, this.path, from, bounds);
      const after = await readVersion(this.#session, this.path, to, bounds);
      return differences(before.value, after.value);
    });
  }

  rollback(version: number, options: ConfigWriteOptions = {}): Promise<ConfigVersion<Out>> {
    return this.#within(options, async (bounds) => {
      const { value } = await readVersion(this.#session, this.path, version, bounds);
      const json = JSON.stringify(value);
      return this.#commit({ ...options, json, restored: version }, bounds);
    });
  }

  watch(options: ConfigWatchOptions = {}): AsyncGenerator<ConfigVersion<Out>, void, undefined> {
    requireOptions(options);
    const { signal, onUnfit } = options;
    return endable(signal, (ending) => this.#versions(ending, onUnfit));
  }

  async *#versions(
    signal: AbortSignal,
    onUnfit: ConfigWatchOptions["onUnfit"],
  ): AsyncGenerator<ConfigVersion<Out>, void, undefined> {
    let last = 0;
    for await (const event of follow(this.#session, { path: this.path, kind: "data", signal })) {
      const node = nodeIn(event);
      if (node === null || node.stat.mzxid <= last) continue;
      last = node.stat.mzxid;
      const version = await this.#judgedOr(onUnfit, node);
      if (version !== null) yield version;
    }
  }

  async #within<T>(
    options: CallOptions,
    work: (bounds: CallOptions & { readonly signal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    requireOptions(options);
    const { signal, timeoutMs } = options;
    const bounds = {
      ...(signal === undefined ? {} : { signal }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    };
    const { clock, signal: end } = this.#session;
    const what = `change of ${this.path}`;
    const limits = { clock, options: bounds, fallbackMs: Infinity, end, what, writes: true };
    return bounded(limits, (ending) => work({ ...bounds, signal: ending }));
  }

  /** Tries again when somebody else was quicker, unless that makes it another version than asked for. */
  async #commit(draft: Draft, bounds: CallOptions): Promise<ConfigVersion<Out>> {
    const session = this.#session;
    // Before anything is sent, also when it is a version of before.
    const value = await this.#valueOf(draft.json);
    for (;;) {
      const { facts, items } = await this.#drafted(draft, await session.get(this.path, bounds), bounds);
      try {
        return written(facts, value, await session.multi(items, bounds));
      } catch (error) {
        if (!isConflict(error, items)) throw error;
        if (FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND")) await ensurePath(session, "/config", bounds);
      }
    }
  }

  /** @throws FlotillaError `ERR_FLOTILLA_BAD_VERSION`, `ERR_FLOTILLA_LIMIT` */
  async #drafted(draft: Draft, latest: Node | null, bounds: CallOptions): Promise<Drafted> {
    const { json, restored, fence, note = "" } = draft;
    const { path } = this;
    const version = latest === null ? 0 : readDocument(path, latest).version;
    if (draft.version !== undefined && draft.version !== version)
      throw new FlotillaError(
        "ERR_FLOTILLA_BAD_VERSION",
        `${path} is at version ${version}, not ${draft.version}`,
      );
    const about = { by: this.#by, note: requireText(note, "note", maxNote), restored };
    const kept = latest === null ? [] : await versionNames(this.#session, path, bounds);
    const facts = { version: versionAfter(path, version, kept), ...about };
    const value = documentOf(path, facts, json);
    const old = surplus(kept, this.#history - 1);
    return {
      facts,
      items: [
        latest === null
          ? { type: "create", path, value }
          : { type: "set", path, value, mzxid: latest.stat.mzxid },
        { type: "create", path: `${path}/${versionName(facts.version)}`, value },
        ...old.map((name): MultiItem => ({ type: "delete", path: `${path}/${name}` })),
        ...fenceChecks(fence),
      ],
    };
  }

  async #judged(node: Node): Promise<ConfigVersion<Out>> {
    const stored = readDocument(this.path, node);
    return { ...stored, value: await this.#valueOf(JSON.stringify(stored.value)) };
  }

  async #judgedOr(onUnfit: ConfigWatchOptions["onUnfit"], node: Node): Promise<ConfigVersion<Out> | null> {
    try {
      return await this.#judged(node);
    } catch (error) {
      if (onUnfit === undefined) throw error;
      await onUnfit(error);
      return null;
    }
  }

  /** What is written, once it fits. @throws FlotillaError `ERR_FLOTILLA_BAD_VALUE` */
  async #jsonOf(value: In): Promise<string> {
    try {
      return text(await this.#codec.encode(value));
    } catch (error) {
      throw asUnfit(error);
    }
  }

  /** What the reader gets. @throws FlotillaError `ERR_FLOTILLA_BAD_VALUE` */
  async #valueOf(json: string): Promise<Out> {
    try {
      return await this.#codec.decode(bytes(json));
    } catch (error) {
      throw asUnfit(error);
    }
  }
}

function asUnfit(error: unknown): FlotillaError {
  return FlotillaError.is(error, "ERR_FLOTILLA_BAD_VALUE") ? error : unfit("schema", error);
}

function written<Out>(facts: Facts, value: Out, { revision, results }: MultiResult): ConfigVersion<Out> {
  return { ...facts, value, revision, atMs: results[0]?.stat?.mtimeMs ?? 0 };
}

/** Somebody else was quicker, or there is no parent yet; not that the fence no longer holds. */
function isConflict(error: unknown, items: readonly MultiItem[]): boolean {
  if (!FlotillaError.is(error)) return false;
  const failed = error.details["failed"];
  if (typeof failed !== "number" || items[failed]?.type === "check") return false;
  return ["ERR_FLOTILLA_FENCED", "ERR_FLOTILLA_NOT_FOUND", "ERR_FLOTILLA_EXISTS"].includes(error.code);
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
function requireText(value: string, what: string, most: number): string {
  if (typeof value === "string" && value.length <= most) return value;
  throw new FlotillaError(
    "ERR_FLOTILLA_BAD_ARGUMENT",
    `${what}: expected a text of at most ${most} characters`,
  );
}
