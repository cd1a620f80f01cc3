import { idDigits } from "@flotilla/kv";
import { parseAddress } from "@flotilla/runtime";
import { isObject } from "../given.ts";
import type { Newcomer } from "./admin-api.ts";
import { badArgument } from "./bad-argument.ts";

const idShape = new RegExp(`^[0-9a-f]{${idDigits}}$`);

function isId(value: unknown): boolean {
  return typeof value === "string" && idShape.test(value);
}

/**
 * A caller without types may hand over anything.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ADDRESS`, `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function requireAddress(address: unknown): void {
  if (typeof address !== "string") throw badArgument("address: expected host:port");
  parseAddress(address);
}

/** @throws FlotillaError as `requireAddress` */
export function requireNewcomer(newcomer: Newcomer): void {
  if (!isObject(newcomer) || typeof newcomer.id !== "string" || newcomer.id === "")
    throw badArgument("newcomer: expected its id, address and incarnation");
  requireAddress(newcomer.address);
  if (!isId(newcomer.incarnation)) throw badArgument(`incarnation: expected ${idDigits} hex digits`);
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function requireLease(after: unknown): void {
  if (after !== null && !isId(after)) throw badArgument("after: expected the id of a lease");
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function requireBoolean(on: unknown): void {
  if (typeof on !== "boolean") throw badArgument("expected true or false");
}
