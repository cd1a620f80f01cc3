/** What a caller without types may hand over. */
export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Null where a type allows only undefined. */
export function isNull(value: unknown): boolean {
  return value === null;
}
