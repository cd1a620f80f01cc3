import { createHash } from "node:crypto";
import type { Configuration, Entry } from "@flotilla/raft";

/** True for what is replaced and never changed: entries, bytes, messages, configurations, the source of chance. */
function isFixed(value: object): boolean {
  return (
    ArrayBuffer.isView(value) || "frame" in value || "voters" in value || "type" in value || "u32" in value
  );
}

/** A copy that shares with the original only what never changes. What was one object is one object in the copy. */
export function copyOf<T extends object>(value: T): T {
  return copied(value, new Map()) as T;
}

function copied(value: unknown, copies: Map<object, object>): unknown {
  if (typeof value !== "object" || value === null || isFixed(value)) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    copies.set(value, list);
    for (const item of value) list.push(copied(item, copies));
    return list;
  }
  if (value instanceof Map) {
    const map = new Map<unknown, unknown>();
    copies.set(value, map);
    for (const [key, item] of value) map.set(key, copied(item, copies));
    return map;
  }
  if (value instanceof Set) {
    const set = new Set<unknown>(value);
    copies.set(value, set);
    return set;
  }
  const record = Object.create(Object.getPrototypeOf(value) as object | null) as Record<string, unknown>;
  copies.set(value, record);
  for (const key of Object.keys(value)) record[key] = copied((value as Record<string, unknown>)[key], copies);
  return record;
}

/** What tells nothing: never changes, follows from the rest, or only numbers writes. */
const left: ReadonlySet<string> = new Set([
  "random",
  "probe",
  "accepts",
  "mayPledge",
  "limits",
  "reservedLimits",
  "results",
  "now",
  "seq",
  "core",
  "$seq",
  "$reader",
  "$standing",
  "$taken",
  "$reportedConfiguration",
  "$reportedSettled",
  "$reportedSoft",
  "$reportedRemoved",
]);

/** Ticks count only by how long ago they were. */
const ticks: ReadonlySet<string> = new Set([
  "tick",
  "waitingSince",
  "leaderHeardTick",
  "taskTick",
  "heardTick",
  "roundTick",
  "untilTick",
  "$sinceTick",
]);

const entryTexts = new WeakMap<object, string>();
const configurationTexts = new WeakMap<object, string>();

/** An entry as text: equal for equal ones. */
export function entryText(entry: Entry): string {
  let text = entryTexts.get(entry);
  if (text === undefined) {
    const { term, timeMs, kind, payload } = entry;
    text = `${term}:${timeMs}:${kind}:${Buffer.from(payload).toString("latin1")}`;
    entryTexts.set(entry, text);
  }
  return text;
}

function configurationText(configuration: Configuration): string {
  let text = configurationTexts.get(configuration);
  if (text === undefined) {
    text = JSON.stringify(configuration);
    configurationTexts.set(configuration, text);
  }
  return text;
}

/** Writes whatever a value holds, equal for equal values. `tick`: now; what lies further back than `most` counts alike. */
class Text {
  readonly #tick: number;
  readonly #most: number;
  #text = "";

  constructor(tick: number, most: number) {
    this.#tick = tick;
    this.#most = most;
  }

  get whole(): string {
    return this.#text;
  }

  add(value: unknown, key: string): void {
    if (typeof value === "function") return;
    if (typeof value === "number" && ticks.has(key))
      this.#text += `${Math.min(this.#tick - value, this.#most)},`;
    else if (typeof value === "object" && value !== null) this.#addObject(value);
    else this.#text += `${String(value)},`;
  }

  #addObject(value: object): void {
    if (value instanceof Uint8Array) this.#text += `${Buffer.from(value).toString("latin1")},`;
    else if ("frame" in value) this.#text += `${entryText(value as Entry)},`;
    else if ("voters" in value) this.#text += `${configurationText(value as Configuration)},`;
    else this.#addParts(value);
  }

  #addParts(value: object): void {
    this.#text += "{";
    if (value instanceof Map) {
      for (const [key, item] of value) {
        this.#text += `${String(key)}:`;
        this.add(item, "");
      }
    } else if (value instanceof Set || Array.isArray(value)) {
      for (const item of value) this.add(item, "");
    } else {
      for (const [key, item] of Object.entries(value)) if (!left.has(key)) this.add(item, key);
    }
    this.#text += "}";
  }
}

/** A value as text; ticks are told from `tick` on. */
export function textOf(value: unknown, tick: number, mostTicks: number): string {
  const text = new Text(tick, mostTicks);
  text.add(value, "");
  return text.whole;
}

/** A short name of a text, another one for every other text. */
export function digest(text: string): string {
  return createHash("sha1").update(text, "latin1").digest("base64");
}
