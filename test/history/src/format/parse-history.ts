import { isFields, optionalInteger } from "./fields.ts";
import type { Fields } from "./fields.ts";
import { HistoryFormatError } from "./format-error.ts";
import { parseOp } from "./parse-op.ts";
import { requireShape } from "./shapes.ts";
import type { History, MetaRecord, OpRecord, OtherRecord } from "./records.ts";

/**
 * Reads a history of JSON lines and checks it strictly: a meta record only as the first line, shape of every operation,
 * as many records as that tells of, unique ids and values, shape of the records that checkers read, records of a client in invocation order, one operation
 * in flight per client (touching intervals are allowed), and no client used after an unknown outcome.
 *
 * @throws HistoryFormatError naming the first bad line.
 */
export function parseHistory(text: string): History {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const ops: OpRecord[] = [];
  const others: OtherRecord[] = [];
  const rules = new CrossLineRules();
  let meta: MetaRecord | null = null;
  for (const [index, json] of lines.entries()) {
    const line = index + 1;
    const fields = parseLine(json, line);
    const kind = fields["kind"];
    if (kind === undefined || kind === "op") {
      const op = parseOp(fields, line);
      rules.check(op, line);
      ops.push(op);
    } else if (kind === "meta") {
      if (meta !== null) throw new HistoryFormatError("BAD_META", line, "a second meta record");
      if (line > 1) throw new HistoryFormatError("BAD_META", line, "the meta record is not the first line");
      meta = parseMeta(fields, line);
    } else if (typeof kind === "string" && kind !== "") {
      requireShape(kind, fields, line);
      others.push({ ...fields, kind });
    } else {
      throw new HistoryFormatError("BAD_FIELD", line, "Expected kind to be a non-empty string");
    }
  }
  requireWhole(meta, ops.length + others.length, lines.length);
  return { meta, ops, others };
}

/** A file that was cut at the end of a line looks like a whole one. */
function requireWhole(meta: MetaRecord | null, found: number, line: number): void {
  const told = meta?.records;
  if (told !== undefined && told !== found)
    throw new HistoryFormatError("CUT_SHORT", line, `${found} records, and the meta record tells of ${told}`);
}

function parseLine(json: string, line: number): Fields {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new HistoryFormatError("BAD_JSON", line, "not JSON");
  }
  if (!isFields(value)) throw new HistoryFormatError("BAD_JSON", line, "not a JSON object");
  return value;
}

function parseMeta(fields: Fields, line: number): MetaRecord {
  const { v, model, clock, seed } = fields;
  if (v !== 1) throw new HistoryFormatError("BAD_META", line, `Expected v to be 1, got ${JSON.stringify(v)}`);
  if (model !== undefined && model !== "vreg") {
    throw new HistoryFormatError(
      "BAD_META",
      line,
      `Expected model to be "vreg", got ${JSON.stringify(model)}`,
    );
  }
  if (clock !== undefined && typeof clock !== "string") {
    throw new HistoryFormatError("BAD_META", line, "Expected clock to be a string");
  }
  if (seed !== undefined && typeof seed !== "number" && typeof seed !== "string") {
    throw new HistoryFormatError("BAD_META", line, "Expected seed to be a number or a string");
  }
  optionalInteger(fields, "records", 0, line);
  return { ...fields, kind: "meta", v: 1 };
}

class CrossLineRules {
  readonly #ids = new Set<number>();
  readonly #values = new Set<string>();
  readonly #last = new Map<number, OpRecord>();

  check(record: OpRecord, line: number): void {
    if (this.#ids.has(record.id))
      throw new HistoryFormatError("DUPLICATE_ID", line, `id ${record.id} is used twice`);
    this.#ids.add(record.id);
    this.#checkValue(record, line);
    this.#checkClient(record, line);
  }

  #checkValue({ op }: OpRecord, line: number): void {
    if (op.value === undefined) return;
    if (this.#values.has(op.value))
      throw new HistoryFormatError("DUPLICATE_VALUE", line, `${JSON.stringify(op.value)} is written twice`);
    this.#values.add(op.value);
  }

  #checkClient(record: OpRecord, line: number): void {
    const { client } = record;
    const last = this.#last.get(client);
    this.#last.set(client, record);
    if (last === undefined) return;
    if (record.invoke_ns < last.invoke_ns) {
      throw new HistoryFormatError(
        "CLIENT_ORDER",
        line,
        `operations of client ${client} are not in invocation order`,
      );
    }
    if (last.return_ns === null) {
      throw new HistoryFormatError(
        "CLIENT_REUSED",
        line,
        `client ${client} goes on after an unknown outcome`,
      );
    }
    if (record.invoke_ns < last.return_ns) {
      throw new HistoryFormatError("CLIENT_OVERLAP", line, `client ${client} has two operations in flight`);
    }
  }
}
