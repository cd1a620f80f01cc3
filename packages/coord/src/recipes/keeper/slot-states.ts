import type { Node } from "@flotilla/kv";
import type { MultiItem, Session } from "../../client/api.ts";
import { attempt } from "../grant.ts";
import { ensureContainer } from "../names.ts";
import { isNoRoom, restMs } from "../no-room.ts";
import { type Calls, patient } from "../patient.ts";
import { pause } from "../pause.ts";
import { numberAt, readRecord, textAt } from "../record.ts";
import { ignoreTyped } from "../run-held.ts";
import type { Shard } from "../shards/api.ts";
import type { KeeperPaths } from "./paths.ts";

/** What an owner says of its slot. */
export interface SlotReport {
  readonly state: "running" | "backoff";
  readonly restarts: number;
  readonly lastEnd: string | null;
}

/** Of the words in a report. */
const maxWords = 500;

function stateRecord({ state, restarts, lastEnd }: SlotReport, epoch: number): string {
  return JSON.stringify({ state, restarts, lastEnd: lastEnd?.slice(0, maxWords) ?? null, epoch });
}

/** Null when it is not that owner's. */
export function readState(node: Node | undefined, epoch: number): SlotReport | null {
  const record = readRecord(node ?? null);
  if (record === null || record["epoch"] !== epoch) return null;
  return {
    state: record["state"] === "backoff" ? "backoff" : "running",
    restarts: numberAt(record, "restarts", 0),
    lastEnd: record["lastEnd"] === null ? null : textAt(record, "lastEnd", ""),
  };
}

/** Says how a slot is, for as long as it is owned; what is outdated before it was written is left out. */
export class SlotReporter {
  readonly #calls: Calls;
  readonly #folder: string;
  readonly #path: string;
  readonly #shard: Shard;
  /** Null: nothing any more. */
  #wanted: SlotReport | null | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;
  #exists = false;

  constructor(session: Session, { states }: KeeperPaths, shard: Shard) {
    this.#calls = patient(session, shard.signal);
    this.#folder = states;
    this.#path = `${states}/${shard.id}`;
    this.#shard = shard;
  }

  /** Resolves when it is said, or cannot be any more. */
  tell(report: SlotReport | null): Promise<void> {
    this.#wanted = report;
    if (!this.#isWriting) this.#writing = this.#write().catch(ignoreTyped);
    return this.#writing;
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    try {
      while (this.#wanted !== undefined) {
        const report = this.#wanted;
        this.#wanted = undefined;
        await this.#putOrRest(report);
      }
    } finally {
      this.#isWriting = false;
    }
  }

  /** What there is no room for is said later, unless there is something else to say by then. */
  async #putOrRest(report: SlotReport | null): Promise<void> {
    try {
      await this.#put(report);
    } catch (error) {
      if (!isNoRoom(error)) throw error;
      await pause(this.#calls.clock, restMs, this.#shard.signal);
      if (this.#wanted === undefined) this.#wanted = report;
    }
  }

  async #put(report: SlotReport | null): Promise<void> {
    const path = this.#path;
    const fence: MultiItem = { type: "check", ...this.#shard.fence };
    const remove: MultiItem = { type: "delete", path };
    if (report === null) {
      if (this.#exists) await attempt(this.#calls, [fence, remove]);
      return;
    }
    const value = stateRecord(report, this.#shard.epoch);
    if (this.#exists && (await attempt(this.#calls, [fence, { type: "set", path, value }])) !== null) return;
    const create: MultiItem = { type: "create", path, value, ephemeral: true };
    // What stands there is an earlier owner's.
    this.#exists =
      (await attempt(this.#calls, [fence, create])) !== null ||
      (await attempt(this.#calls, [fence, remove, create])) !== null;
    if (this.#exists) return;
    await ensureContainer(this.#calls, this.#folder);
    this.#exists = (await attempt(this.#calls, [fence, create])) !== null;
  }
}
