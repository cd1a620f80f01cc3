import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import type { Standing } from "./line.ts";

/** What others see of somebody in line. */
export type Appearance = Pick<Standing, "id" | "value" | "priority">;

/** With what is left out. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function appearance(session: Session, options: Partial<Appearance>): Appearance {
  const { id = session.id, value = "", priority = 0 } = options;
  const fault =
    typeof id !== "string" || id === ""
      ? "id: expected a text that is not empty"
      : typeof value !== "string"
        ? "value: expected a text"
        : Number.isSafeInteger(priority)
          ? null
          : "priority: expected an integer";
  if (fault !== null) throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", fault);
  return { id, value, priority };
}
