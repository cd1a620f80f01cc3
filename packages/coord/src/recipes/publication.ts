import { limits, type Node } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import { ensureContainer } from "./names.ts";
import { type Calls, patient } from "./patient.ts";
import { readRecord } from "./record.ts";

/** A node that one process keeps, under an id that another may have later. */
export interface Entry {
  readonly path: string;
  /** In its value, and in no other's: tells it from a successor under the same id. */
  readonly key: string;
}

/** What an entry is to say. */
export interface Publishing<Facts> {
  readonly entry: Entry;
  /** Of the node, which exists. */
  readonly mzxid: number;
  /** The value of the node: a JSON object with the entry's key at `key`. */
  readonly record: (facts: Facts, key: string) => string;
  readonly onWritten: (facts: Facts, revision: number) => void;
}

const encoder = new TextEncoder();

/** Somebody deleted it, or it is another's by now. */
function gone({ path }: Entry): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_LOST", `${path} is no longer kept by this process`);
}

/** Its node stands, made by another session or by this one. */
export function taken({ path }: Entry, cause: FlotillaError): FlotillaError {
  const message = `${path} is taken, until it is given up or its session has ended: that of a process that died, after its TTL`;
  return new FlotillaError("ERR_FLOTILLA_EXISTS", message, { cause, details: cause.details });
}

/** @throws FlotillaError `ERR_FLOTILLA_TOO_LARGE` for what no node holds */
export function requireRoom({ path }: Entry, record: string): void {
  const { length } = encoder.encode(record);
  if (length <= limits.valueBytes) return;
  const message = `${path} would have ${length} bytes; the limit is ${limits.valueBytes}`;
  throw new FlotillaError("ERR_FLOTILLA_TOO_LARGE", message);
}

function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return FlotillaError.is(error) && codes.includes(error.code);
}

/**
 * Brings a node to what was wanted last, however long it takes, and never touches another's. Several wants in a row
 * become one write.
 */
export class Publication<Facts> {
  readonly #calls: Calls;
  readonly #entry: Entry;
  readonly #publishing: Publishing<Facts>;
  /** Of the node as this left it; null while there is none. */
  #mzxid: number | null;
  #wanted: Facts | null = null;
  #hasNews = false;
  #writing: Promise<void> | null = null;

  constructor(session: Session, publishing: Publishing<Facts>) {
    this.#calls = patient(session, undefined);
    this.#entry = publishing.entry;
    this.#mzxid = publishing.mzxid;
    this.#publishing = publishing;
  }

  /** @throws FlotillaError `ERR_FLOTILLA_TOO_LARGE` for what no node holds */
  requireRoom(facts: Facts): void {
    requireRoom(this.#entry, this.#publishing.record(facts, this.#entry.key));
  }

  /**
   * The node is to say this, or not to be there. Resolves when it is so. What is refused takes the node out: it would go on
   * saying what is not true any more.
   * @throws FlotillaError `ERR_FLOTILLA_LOST` when it is no longer this one's, what refuses the write, and what ends the
   *   session
   */
  want(facts: Facts | null): Promise<void> {
    this.#wanted = facts;
    this.#hasNews = true;
    this.#writing ??= this.#writeOrRemove();
    return this.#writing;
  }

  /**
   * Whether the node, as told of a revision, was taken away or is another's. A removal of its own is none of that, and
   * neither is what was true before its last write.
   */
  async isLost(revision: number, node: Node | null): Promise<boolean> {
    // What is being written finds out by itself.
    while (this.#writing !== null) await this.#writing.catch(() => {});
    return this.#mzxid !== null && revision > this.#mzxid && !isOwn(this.#entry, node);
  }

  async #writeOrRemove(): Promise<void> {
    try {
      while (this.#hasNews) {
        this.#hasNews = false;
        if (this.#wanted === null) await this.#remove();
        else if (this.#mzxid === null) await this.#create(this.#wanted);
        else await this.#set(this.#wanted, this.#mzxid);
      }
    } catch (error) {
      this.#hasNews = false;
      if (!isCode(error, "ERR_FLOTILLA_LOST")) await this.#remove().catch(() => {});
      throw error;
    } finally {
      // In the turn in which there was no more to write: what is wanted from here on is written anew.
      this.#writing = null;
    }
  }

  async #create(facts: Facts): Promise<void> {
    const { path, key } = this.#entry;
    for (;;) {
      try {
        const value = this.#publishing.record(facts, key);
        this.#wrote(facts, (await this.#calls.create(path, value, { ephemeral: true })).revision);
        return;
      } catch (error) {
        if (isCode(error, "ERR_FLOTILLA_EXISTS")) throw gone(this.#entry);
        if (!isCode(error, "ERR_FLOTILLA_NOT_FOUND")) throw error;
      }
      await ensureContainer(this.#calls, path.slice(0, path.lastIndexOf("/")));
    }
  }

  async #set(facts: Facts, seen: number): Promise<void> {
    const { path, key } = this.#entry;
    const value = this.#publishing.record(facts, key);
    for (let mzxid = seen; ;) {
      try {
        this.#wrote(facts, (await this.#calls.multi([{ type: "set", path, value, mzxid }])).revision);
        return;
      } catch (error) {
        if (!isCode(error, "ERR_FLOTILLA_FENCED", "ERR_FLOTILLA_NOT_FOUND")) throw error;
      }
      const own = await ownRevision(this.#calls, this.#entry);
      if (own === null) throw gone(this.#entry);
      mzxid = own;
    }
  }

  async #remove(): Promise<void> {
    await remove(this.#calls, this.#entry);
    this.#mzxid = null;
  }

  #wrote(facts: Facts, revision: number): void {
    this.#mzxid = revision;
    this.#publishing.onWritten(facts, revision);
  }
}

/** The mzxid of the node while it is that entry; else null. */
async function ownRevision(calls: Calls, entry: Entry): Promise<number | null> {
  const node = await calls.get(entry.path);
  return node !== null && isOwn(entry, node) ? node.stat.mzxid : null;
}

function isOwn({ key }: Entry, node: Node | null): boolean {
  return readRecord(node)?.["key"] === key;
}

async function remove(calls: Calls, entry: Entry): Promise<void> {
  for (;;) {
    const mzxid = await ownRevision(calls, entry);
    if (mzxid === null) return;
    try {
      await calls.multi([{ type: "delete", path: entry.path, mzxid }]);
      return;
    } catch (error) {
      if (!isCode(error, "ERR_FLOTILLA_FENCED", "ERR_FLOTILLA_NOT_FOUND")) throw error;
    }
  }
}

/** Deletes the node while it is that entry, however long it takes; it ends with the session anyway. */
export async function withdraw(session: Session, entry: Entry): Promise<void> {
  try {
    await remove(patient(session, undefined), entry);
  } catch (error) {
    if (!session.signal.aborted) throw error;
  }
}
