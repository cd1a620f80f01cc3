import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import { requireOptions } from "../client/call.ts";
import type { Standing } from "./line.ts";

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

function unexpected(message: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
}
