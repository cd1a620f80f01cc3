import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import { requireOptions } from "../client/call.ts";
import { type Standing, waiterRecord } from "./line.ts";

/** What others see of somebody in line. */
export type Appearance = Pick<Standing, "id" | "value" | "priority">;

/** With what is left out. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function appearance(session: Session, options: Partial<Appearance>): Appearance {
  requireOptions(options);
  const { id = session.id, value = "", priority = 0 } = options;
  if (typeof id !== "string" || id === "") throw unexpected("id: expected a text that is not empty");
  requireValue(value);
  if (!Number.isSafeInteger(priority)) throw unexpected("priority: expected an integer");
  return { id, value, priority };
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` for a value that others cannot see */
export function requireValue(value: unknown): void {
  if (typeof value !== "string") throw unexpected("value: expected a text");
}

/** What the nodes of all who hold at once may come to, bytes: one command grants them, beside the record that names them. */
const mostHeldBytes = 640 * 1024;
const mostBytes = 64 * 1024;
const encoder = new TextEncoder();

/** @throws FlotillaError `ERR_FLOTILLA_TOO_LARGE` when as many like this could not hold at once */
export function requireRoom(standing: Standing): void {
  const { length } = encoder.encode(waiterRecord(standing));
  const most = Math.min(mostBytes, Math.floor(mostHeldBytes / standing.places));
  if (length <= most) return;
  throw new FlotillaError(
    "ERR_FLOTILLA_TOO_LARGE",
    `id and value of somebody in line come to ${length} bytes; the limit is ${most} where ${standing.places} can hold at once`,
  );
}

function unexpected(message: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
}
