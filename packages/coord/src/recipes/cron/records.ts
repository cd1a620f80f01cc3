import type { Node } from "@flotilla/kv";
import { numberAt, readRecord, textAt } from "../record.ts";
import type { CronRecord } from "./api.ts";
import { momentOf } from "./moment.ts";

/** Of an error, characters. */
const maxError = 1_000;

/** What the node of a run says. */
export interface RunFacts {
  readonly number: number;
  readonly tickMs: number;
  readonly by: string;
  readonly state: CronRecord["state"];
  /** Once it has ended. */
  readonly startedMs?: number;
  readonly error?: string;
}

/** The same name for a tick, whoever asks. */
export function idOfTick(name: string, tickMs: number): string {
  return `${name}@${momentOf(tickMs).toISOString()}`;
}

export function writeRun(facts: RunFacts): string {
  const { error = "" } = facts;
  return JSON.stringify({ ...facts, error: error.slice(0, maxError) });
}

/** Null for what is no record. @param isRunning whether a run whose record says so runs; `mzxid` is that of the record */
export function readRun(
  name: string,
  node: Node,
  isRunning: (number: number, mzxid: number) => boolean,
): CronRecord | null {
  const record = readRecord(node);
  if (record === null) return null;
  const tickMs = numberAt(record, "tickMs", Number.NaN);
  const number = numberAt(record, "number", Number.NaN);
  if (!Number.isSafeInteger(tickMs) || !Number.isSafeInteger(number)) return null;
  const { mtimeMs, mzxid } = node.stat;
  const startedMs = numberAt(record, "startedMs", mtimeMs);
  return {
    id: idOfTick(name, tickMs),
    number,
    tickMs,
    state: stateOf(textAt(record, "state", ""), isRunning(number, mzxid)),
    by: textAt(record, "by", ""),
    startedMs,
    endedMs: "startedMs" in record ? mtimeMs : null,
    error: textAt(record, "error", ""),
  };
}

function stateOf(written: string, isRunning: boolean): CronRecord["state"] {
  if (written === "done" || written === "failed" || written === "skipped") return written;
  return written === "running" && isRunning ? "running" : "lost";
}
