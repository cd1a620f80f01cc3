import { FlotillaError } from "@flotilla/runtime";
import { isObject } from "../given.ts";
import { checkedEpoch, fenced, type Token } from "./token.ts";

/** A value as drivers bind it. */
export type SqlValue = string | number | bigint | boolean | Uint8Array | null;

/** A statement for any driver. */
export interface SqlStatement {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

export interface FencedRow {
  readonly table: string;
  /**
   * The columns of the primary key, or of another unique one, with their values. Never null: a unique index takes any
   * number of rows with a null, so that each write would make one of its own.
   */
  readonly key: Readonly<Record<string, Exclude<SqlValue, null>>>;
  /** The columns that are written. */
  readonly set: Readonly<Record<string, SqlValue>>;
  /** The column that keeps the epoch, an integer of 64 bits. Default `epoch`. */
  readonly column?: string;
  /** `?` as SQLite and MySQL write parameters, `$` as PostgreSQL does: `$1`. Default `?`. */
  readonly parameters?: "?" | "$";
  /** What names stand between: `"` as the standard has it, a back quote for MySQL. Default `"`. */
  readonly quotes?: '"' | "`";
}

/** Names that need no escape, so that none of them can be anything else. */
const plain = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

const allQuotes: readonly unknown[] = ['"', "`"];
const allParameters: readonly unknown[] = ["?", "$"];

function refused(message: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
function quoted(name: unknown, { quotes = '"' }: FencedRow): string {
  if (typeof name === "string" && plain.test(name)) return `${quotes}${name}${quotes}`;
  const shown = typeof name === "string" ? JSON.stringify(name.slice(0, 100)) : typeof name;
  throw refused(`not a plain name: ${shown}`);
}

/** What a database stores for it is equal to itself. Drivers bind `NaN` as a null. */
function isFound(value: unknown): boolean {
  return value !== null && value !== undefined && !Number.isNaN(value);
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
function columnsOf(row: FencedRow): readonly [string, SqlValue][] {
  requireStyle(row);
  const columns = [...Object.entries(row.key), ...Object.entries(row.set)];
  const names = new Set([...columns.map(([name]) => name), row.column ?? "epoch"]);
  if (Object.keys(row.key).length === 0 || names.size !== columns.length + 1)
    throw refused("expected a key, and every column once");
  const unfound = Object.entries(row.key).find(([, value]) => !isFound(value));
  if (unfound !== undefined) throw refused(`key.${unfound[0]}: expected a value, got ${String(unfound[1])}`);
  return columns;
}

/**
 * A caller without types may hand over anything, which would stand in the statement.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
function requireStyle(row: FencedRow): void {
  if (!isObject(row) || !isObject(row.key) || !isObject(row.set))
    throw refused("row: expected a table, a key, and what is set");
  const { quotes = '"', parameters = "?" } = row;
  if (!allQuotes.includes(quotes)) throw refused('quotes: expected " or `');
  if (!allParameters.includes(parameters)) throw refused("parameters: expected ? or $");
}

/** Collects values in the order their parameters are written. */
class Values {
  readonly all: SqlValue[] = [];
  readonly #style: "?" | "$";

  constructor(style: "?" | "$") {
    this.#style = style;
  }

  add(value: SqlValue): string {
    this.all.push(value);
    return this.#style === "?" ? "?" : `$${this.all.length}`;
  }
}

/**
 * Changes a row unless a later holder wrote it before: to be given to {@link requireWritten} with the count of rows. A row
 * that does not exist counts as not written; a null in its epoch as written by nobody.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function fencedUpdate(row: FencedRow, token: Token): SqlStatement {
  const epoch = checkedEpoch(token);
  columnsOf(row);
  const values = new Values(row.parameters ?? "?");
  const column = quoted(row.column ?? "epoch", row);
  const changes = Object.entries(row.set).map(
    ([name, value]) => `${quoted(name, row)} = ${values.add(value)}`,
  );
  changes.push(`${column} = ${values.add(epoch)}`);
  const conditions = Object.entries(row.key).map(
    ([name, value]) => `${quoted(name, row)} = ${values.add(value)}`,
  );
  conditions.push(`(${column} IS NULL OR ${column} <= ${values.add(epoch)})`);
  const text = `UPDATE ${quoted(row.table, row)} SET ${changes.join(", ")} WHERE ${conditions.join(" AND ")}`;
  return { text, values: values.all };
}

/**
 * Makes a row, or changes it unless a later holder wrote it before. For PostgreSQL and SQLite, which both know `ON
 * CONFLICT`; the key must be unique in the table.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function fencedUpsert(row: FencedRow, token: Token): SqlStatement {
  const epoch = checkedEpoch(token);
  const given = columnsOf(row);
  const table = quoted(row.table, row);
  const column = quoted(row.column ?? "epoch", row);
  const values = new Values(row.parameters ?? "?");
  const columns = [...given, [row.column ?? "epoch", epoch] as const];
  const names = columns.map(([name]) => quoted(name, row));
  const parameters = columns.map(([, value]) => values.add(value));
  const changes = [...Object.keys(row.set).map((name) => quoted(name, row)), column].map(
    (name) => `${name} = excluded.${name}`,
  );
  const text =
    `INSERT INTO ${table} (${names.join(", ")}) VALUES (${parameters.join(", ")})` +
    ` ON CONFLICT (${Object.keys(row.key)
      .map((name) => quoted(name, row))
      .join(", ")}) DO UPDATE SET ${changes.join(", ")}` +
    ` WHERE ${table}.${column} IS NULL OR ${table}.${column} <= excluded.${column}`;
  return { text, values: values.all };
}

/**
 * @param rows how many rows the statement changed, as the driver tells
 * @throws FlotillaError `ERR_FLOTILLA_FENCED` when there was none, `ERR_FLOTILLA_BAD_ARGUMENT` when it is no count of rows,
 * such as that of another driver: whether the row was written is not known then
 */
export function requireWritten(rows: number | bigint, token: Token): void {
  const count = typeof rows === "bigint" ? Number(rows) : rows;
  if (!Number.isSafeInteger(count) || count < 0)
    throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "rows: expected how many rows were changed");
  if (count === 0) throw fenced("the row", checkedEpoch(token));
}
