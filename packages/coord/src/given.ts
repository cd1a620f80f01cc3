import type { Logger } from "@flotilla/runtime";

/** What a caller without types may hand over. */
export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Null where a type allows only undefined. */
export function isNull(value: unknown): boolean {
  return value === null;
}

/** What can be told of warnings and errors. */
export function isLogger(value: unknown): value is Logger {
  if (!isObject(value)) return false;
  return ["debug", "info", "warn", "error"].every((name) => typeof Reflect.get(value, name) === "function");
}
