import { FlotillaError } from "@flotilla/runtime";
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
  /** The columns of the primary key, or of another unique one, with their values. */
  readonly key: Readonly<Record<string, SqlValue>>;
  /** The columns that are written. */
  readonly set: Readonly<Record<string, SqlValue>>;
  /** The column that keeps the epoch, an integer of 64 bits. Default `epoch`. */
  readonly column?: string;
  /** `?` as SQLite and MySQL write parameters, `$` as PostgreSQL does: `$1`. Default `?`. */
  readonly parameters?: "?" | "$";
}

/** Names that need no escape, so that none of them can be anything else. */
const plain = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
function quoted(name: string): string {
  if (plain.test(name)) return `"${name}"`;
  throw new FlotillaError(
    "ERR_FLOTILLA_BAD_ARGUMENT",
    `not a plain name: ${JSON.stringify(name.slice(0, 100))}`,
  );
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
function columnsOf(row: FencedRow): readonly [string, SqlValue][] {
  const columns = [...Object.entries(row.key), ...Object.entries(row.set)];
  const names = new Set([...columns.map(([name]) => name), row.column ?? "epoch"]);
  if (Object.keys(row.key).length > 0 && names.size === columns.length + 1) return columns;
  throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "expected a key, and every column once");
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
  const column = quoted(row.column ?? "epoch");
  const changes = Object.entries(row.set).map(([name, value]) => `${quoted(name)} = ${values.add(value)}`);
  changes.push(`${column} = ${values.add(epoch)}`);
  const conditions = Object.entries(row.key).map(([name, value]) => `${quoted(name)} = ${values.add(value)}`);
  conditions.push(`(${column} IS NULL OR ${column} <= ${values.add(epoch)})`);
  const text = `UPDATE ${quoted(row.table)} SET ${changes.join(", ")} WHERE ${conditions.join(" AND ")}`;
  return { text, values: values.all };
}

/**
 * Makes a row, or changes it unless a later holder wrote it before. For PostgreSQL and SQLite, which both know `ON
 * CONFLICT`; the key must be unique in the table.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function fencedUpsert(row: FencedRow, token: Token): SqlStatement {
  const epoch = checkedEpoch(token);
  const table = quoted(row.table);
  const column = quoted(row.column ?? "epoch");
  const values = new Values(row.parameters ?? "?");
  const columns = [...columnsOf(row), [row.column ?? "epoch", epoch] as const];
  const names = columns.map(([name]) => quoted(name));
  const parameters = columns.map(([, value]) => values.add(value));
  const changes = [...Object.keys(row.set).map(quoted), column].map((name) => `${name} = excluded.${name}`);
  const text =
    `INSERT INTO ${table} (${names.join(", ")}) VALUES (${parameters.join(", ")})` +
    ` ON CONFLICT (${Object.keys(row.key).map(quoted).join(", ")}) DO UPDATE SET ${changes.join(", ")}` +
    ` WHERE ${table}.${column} IS NULL OR ${table}.${column} <= excluded.${column}`;
  return { text, values: values.all };
}

/** @throws FlotillaError `ERR_FLOTILLA_FENCED` when a statement changed no row */
export function requireWritten(rows: number | bigint, token: Token): void {
  if (Number(rows) === 0) throw fenced("the row", token.epoch);
}
