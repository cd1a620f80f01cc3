import {
  integerOf,
  isFields,
  onlyFields,
  optionalBoolean,
  optionalInteger,
  optionalString,
  present,
  refuse,
} from "./fields.ts";
import type { Fields } from "./fields.ts";
import type { Operation, OpRecord, OpResult, OpType, Outcome, Resolution } from "./records.ts";

const opTypes: ReadonlySet<string> = new Set<OpType>(["get", "exists", "create", "set", "cas", "delete"]);
const writesValue: ReadonlySet<OpType> = new Set<OpType>(["create", "set", "cas"]);
const conditional: ReadonlySet<OpType> = new Set<OpType>(["set", "cas", "delete"]);
const outcomes: ReadonlySet<string> = new Set<Outcome>(["ok", "fail", "unknown"]);

const opFields: ReadonlySet<string> = new Set(["type", "path", "value", "expectedVersion"]);
const resultFields: ReadonlySet<string> = new Set(["value", "version", "zxid", "exists", "error"]);
const resolvedFields: ReadonlySet<string> = new Set(["applied", "zxid", "at_ns"]);
const recordFields: ReadonlySet<string> = new Set([
  "kind",
  "id",
  "client",
  "node",
  "session",
  "op",
  "invoke_ns",
  "return_ns",
  "outcome",
  "result",
  "resolved",
]);

/** Reads one operation record. @throws HistoryFormatError (`BAD_FIELD`) naming the line. */
export function parseOp(fields: Fields, line: number): OpRecord {
  onlyFields(fields, recordFields, "the record", line);
  const outcome = readOutcome(fields, line);
  const op = readOperation(fields["op"], line);
  const invoke = integerOf(fields, "invoke_ns", 0, line);
  return {
    id: integerOf(fields, "id", 0, line),
    client: integerOf(fields, "client", 0, line),
    ...present<{ node: string; session: string }>({
      node: optionalString(fields, "node", line),
      session: optionalString(fields, "session", line),
    }),
    op,
    invoke_ns: invoke,
    return_ns: readReturn(fields, outcome, invoke, line),
    outcome,
    result: readResult(fields["result"], op, outcome, line),
    ...present<{ resolved: Resolution }>({ resolved: readResolved(fields["resolved"], outcome, line) }),
  };
}

function readOutcome(fields: Fields, line: number): Outcome {
  const outcome = fields["outcome"];
  if (typeof outcome !== "string" || !outcomes.has(outcome)) {
    refuse(line, `Expected outcome to be ok, fail or unknown, got ${JSON.stringify(outcome)}`);
  }
  return outcome as Outcome;
}

function readReturn(fields: Fields, outcome: Outcome, invoke: number, line: number): number | null {
  if (outcome === "unknown") {
    if (fields["return_ns"] !== null) refuse(line, "Expected return_ns to be null: the outcome is unknown");
    return null;
  }
  const value = integerOf(fields, "return_ns", 0, line);
  if (value < invoke) refuse(line, `Expected return_ns to be at least invoke_ns, got ${value} < ${invoke}`);
  return value;
}

function readOperation(value: unknown, line: number): Operation {
  if (!isFields(value)) refuse(line, "Expected op to be an object");
  onlyFields(value, opFields, "op", line);
  const type = value["type"];
  if (typeof type !== "string" || !opTypes.has(type)) {
    refuse(line, `Expected op.type to be one of ${[...opTypes].join(", ")}, got ${JSON.stringify(type)}`);
  }
  const known = type as OpType;
  const path = optionalString(value, "path", line);
  if (path === undefined || path === "") refuse(line, "Expected op.path to be a non-empty string");
  const written = optionalString(value, "value", line);
  if (writesValue.has(known) !== (written !== undefined)) {
    refuse(line, `Expected op.value ${writesValue.has(known) ? "" : "not "}to be given for ${known}`);
  }
  const expectedVersion = optionalInteger(value, "expectedVersion", -1, line);
  if (expectedVersion !== undefined && !conditional.has(known)) {
    refuse(line, `Expected op.expectedVersion not to be given for ${known}`);
  }
  if (expectedVersion === undefined && known === "cas")
    refuse(line, "Expected op.expectedVersion to be given for cas");
  return {
    type: known,
    path,
    ...present<{ value: string; expectedVersion: number }>({ value: written, expectedVersion }),
  };
}

function readResult(value: unknown, op: Operation, outcome: Outcome, line: number): OpResult | null {
  if (value === null) return null;
  if (!isFields(value)) refuse(line, "Expected result to be an object or null");
  if (outcome === "unknown") refuse(line, "Expected result to be null: the outcome is unknown");
  onlyFields(value, resultFields, "result", line);
  const result: OpResult = present<Required<OpResult>>({
    value: optionalString(value, "value", line),
    version: optionalInteger(value, "version", 0, line),
    zxid: optionalInteger(value, "zxid", 0, line),
    exists: optionalBoolean(value, "exists", line),
    error: optionalString(value, "error", line),
  });
  if (outcome === "ok" && result.error !== undefined)
    refuse(line, "Expected result.error only when the outcome is fail");
  if (result.exists !== undefined && op.type !== "get" && op.type !== "exists") {
    refuse(line, `Expected result.exists only for reads, got it for ${op.type}`);
  }
  if (outcome === "ok" && op.type === "delete" && (result.value ?? result.version) !== undefined) {
    refuse(line, "Expected no result.value or result.version for delete");
  }
  if (result.exists === false && (result.value ?? result.version ?? result.zxid) !== undefined) {
    refuse(line, "Expected no value, version or zxid of a node that does not exist");
  }
  return result;
}

function readResolved(value: unknown, outcome: Outcome, line: number): Resolution | undefined {
  if (value === undefined) return undefined;
  if (!isFields(value)) refuse(line, "Expected resolved to be an object");
  if (outcome !== "unknown") refuse(line, "Expected resolved only when the outcome is unknown");
  onlyFields(value, resolvedFields, "resolved", line);
  const applied = optionalBoolean(value, "applied", line);
  if (applied === undefined) refuse(line, "Expected resolved.applied to be given");
  const rest = present<{ zxid: number; at_ns: number }>({
    zxid: optionalInteger(value, "zxid", 0, line),
    at_ns: optionalInteger(value, "at_ns", 0, line),
  });
  return { applied, ...rest };
}
