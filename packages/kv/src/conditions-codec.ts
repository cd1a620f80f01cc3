import { expectItems, FlotillaError } from "@flotilla/runtime";
import type { CborReader, CborWriter } from "@flotilla/runtime";
import { idDigits, readId } from "./ids.ts";
import { operationBounds } from "./operation-bounds.ts";
import type { Conditions } from "./types.ts";

/** A caller without types may say null for what is absent. */
type Optional<T> = T | null | undefined;

/** Of the array that holds what few conditions ask for. */
const rareItems = 3;

export function writeOptional(writer: CborWriter, value: Optional<number | boolean>): void {
  if (value === undefined || value === null) writer.null();
  else if (typeof value === "number") writer.number(value);
  else writer.boolean(value);
}

/** True for a value that is there. */
export function isGiven<T>(value: Optional<T>): value is T {
  return value !== undefined && value !== null;
}

/** True for conditions with more than `exists`, `version` and `mzxid`: `writeRare` follows then. */
export function isRare({ value, owner, children }: Conditions): boolean {
  return isGiven(value) || owner !== undefined || isGiven(children);
}

/** Writes `version` and `mzxid`, two items. */
export function writeConditions(writer: CborWriter, conditions: Conditions): void {
  writeOptional(writer, conditions.version);
  writeOptional(writer, conditions.mzxid);
}

/** Writes what few conditions ask for as one item. An empty text stands for no owner. */
export function writeRare(writer: CborWriter, { value, owner, children }: Conditions): void {
  writer.array(rareItems);
  if (isGiven(value)) writer.bytes(value);
  else writer.null();
  if (owner === undefined) writer.null();
  else writer.text(owner ?? "");
  writeOptional(writer, children);
}

function readOptional(reader: CborReader, what: string): number | undefined {
  return reader.takeNothing() ? undefined : reader.uint(what);
}

/** Reads `version` and `mzxid`. */
export function readConditions(reader: CborReader): { version?: number; mzxid?: number; exists?: boolean } {
  const conditions: { version?: number; mzxid?: number; exists?: boolean } = {};
  const version = readOptional(reader, "version");
  if (version !== undefined) conditions.version = version;
  const mzxid = readOptional(reader, "mzxid");
  if (mzxid !== undefined) conditions.mzxid = mzxid;
  return conditions;
}

/**
 * Reads what `writeRare` wrote.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`
 */
export function readRare(reader: CborReader): Conditions {
  expectItems("conditions", reader.array("conditions", rareItems, rareItems), rareItems);
  const value = reader.takeNull() ? {} : { value: reader.bytes("value", operationBounds.bytes) };
  const owner = reader.takeNull() ? {} : { owner: readOwner(reader.text("owner", idDigits)) };
  const children = reader.takeNull() ? {} : { children: reader.uint("children") };
  const rare = { ...value, ...owner, ...children };
  if (!isRare(rare)) throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "conditions: expected at least one");
  return rare;
}

function readOwner(text: string): string | null {
  return text === "" ? null : readId(text, "owner");
}
