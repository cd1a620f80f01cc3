import { HistoryFormatError } from "./format-error.ts";

/** A decoded JSON object whose fields were not looked at yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Refuses with `BAD_FIELD`. */
export function refuse(line: number, reason: string): never {
  throw new HistoryFormatError("BAD_FIELD", line, reason);
}

/** True for a JSON object, false for arrays and `null`. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Refuses fields that are not listed: a misspelt one would silently switch a check off. */
export function onlyFields(fields: Fields, allowed: ReadonlySet<string>, what: string, line: number): void {
  for (const name of Object.keys(fields)) {
    if (!allowed.has(name)) refuse(line, `${what} has an unknown field ${JSON.stringify(name)}`);
  }
}

/** A whole number from `min` to 2^53 - 1. */
export function integerOf(fields: Fields, name: string, min: number, line: number): number {
  const value = fields[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min) {
    refuse(line, `Expected ${name} to be an integer of at least ${min}, got ${JSON.stringify(value)}`);
  }
  return value;
}

/** As `integerOf`, or `undefined` when the field is absent. */
export function optionalInteger(fields: Fields, name: string, min: number, line: number): number | undefined {
  return fields[name] === undefined ? undefined : integerOf(fields, name, min, line);
}

/** A string, or `undefined` when the field is absent. */
export function optionalString(fields: Fields, name: string, line: number): string | undefined {
  const value = fields[name];
  if (value === undefined || typeof value === "string") return value;
  return refuse(line, `Expected ${name} to be a string, got ${JSON.stringify(value)}`);
}

/** A boolean, or `undefined` when the field is absent. */
export function optionalBoolean(fields: Fields, name: string, line: number): boolean | undefined {
  const value = fields[name];
  if (value === undefined || typeof value === "boolean") return value;
  return refuse(line, `Expected ${name} to be true or false, got ${JSON.stringify(value)}`);
}

/** Copies the fields that are present; an absent one stays absent instead of `undefined`. */
export function present<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): Partial<T> {
  const out: Partial<T> = {};
  for (const name of Object.keys(fields) as (keyof T)[]) {
    const value = fields[name];
    if (value !== undefined) out[name] = value;
  }
  return out;
}
