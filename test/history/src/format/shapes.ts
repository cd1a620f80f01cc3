import { isFields, onlyFields, refuse } from "./fields.ts";
import type { Fields } from "./fields.ts";

/** What a field may hold; `?` may be absent. */
type Rule = (value: unknown) => boolean;

const text: Rule = (value) => typeof value === "string" && value !== "";
const anyText: Rule = (value) => typeof value === "string";
const whole: Rule = (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
/** Of a clock: may have parts. */
const time: Rule = (value) => typeof value === "number" && Number.isFinite(value);
const texts: Rule = (value) => Array.isArray(value) && value.every(text);
const outcome: Rule = (value) => value === "ok" || value === "fail" || value === "unknown";
const oneOf =
  (...known: readonly string[]): Rule =>
  (value) =>
    typeof value === "string" && known.includes(value);
const orNull =
  (rule: Rule): Rule =>
  (value) =>
    value === null || rule(value);
const maybe =
  (rule: Rule): Rule =>
  (value) =>
    value === undefined || rule(value);
const spans: Rule = (value) =>
  Array.isArray(value) && value.every((span) => Array.isArray(span) && span.length === 2 && span.every(time));

type Shape = Readonly<Record<string, Rule>>;

const call: Shape = { object: text, invoke_ns: time, return_ns: orNull(time), outcome };

/** The kinds of records that checkers read, besides operations. */
const shapes: Readonly<Record<string, Shape>> = {
  "session-op": {
    session: text,
    seq: whole,
    outcome,
    zxid: maybe(orNull(whole)),
    completed_ns: orNull(time),
  },
  watch: { client: text, session: text, mode: maybe(text), event: isItem },
  "watch-end": { client: text, session: text, until: whole },
  belief: { process: text, object: text, epoch: whole, from_ns: time, to_ns: orNull(time), paused: spans },
  grant: { object: text, epoch: whole, believed: maybe((value) => typeof value === "boolean") },
  fenced: { process: text, object: text, epoch: whole, revision: whole },
  counter: { ...call, type: oneOf("add", "get"), by: whole, value: orNull(whole) },
  queue: {
    ...call,
    type: oneOf("enqueue", "deliver", "dequeue"),
    value: orNull(text),
    epoch: maybe(whole),
    deliveries: maybe(whole),
  },
  set: { ...call, type: oneOf("add", "remove", "read"), elements: texts, order: maybe(whole) },
  owned: { object: text, owner: text, node: text, from_ns: time, lived_ns: time, gone_ns: orNull(time) },
  "owned-read": { object: text, nodes: texts, invoke_ns: time, return_ns: time },
};

const shownNode: Shape = { path: text, version: whole, value: anyText };
const items: Readonly<Record<string, Shape>> = {
  snapshot: { revision: whole, nodes: (value) => Array.isArray(value) && value.every(isShown) },
  created: { revision: whole, ...shownNode },
  changed: { revision: whole, ...shownNode },
  deleted: { revision: whole, path: text },
};

function isShown(value: unknown): boolean {
  return isFields(value) && misfit(value, shownNode) === null;
}

function isItem(value: unknown): boolean {
  if (!isFields(value) || typeof value["type"] !== "string") return false;
  const shape = items[value["type"]];
  return shape !== undefined && misfit(value, shape) === null;
}

/** The first field that is not as it must be. */
function misfit(fields: Fields, shape: Shape): string | null {
  return Object.entries(shape).find(([name, rule]) => !rule(fields[name]))?.[0] ?? null;
}

/** Refuses a record of a kind that checkers read unless it has its fields, and no others. @throws HistoryFormatError */
export function requireShape(kind: string, fields: Fields, line: number): void {
  const shape = Object.hasOwn(shapes, kind) ? shapes[kind] : undefined;
  if (shape === undefined) return;
  const wrong = misfit(fields, shape);
  if (wrong !== null) refuse(line, `Unexpected ${wrong} of ${kind}: ${JSON.stringify(fields[wrong])}`);
  onlyFields(fields, new Set(["kind", "at_ns", ...Object.keys(shape)]), `a record of kind ${kind}`, line);
}
