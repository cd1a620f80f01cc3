import { FlotillaError } from "@flotilla/runtime";
import type { MemberChange } from "../core/config/apply-changes.ts";
import type { Index } from "../core/types.ts";

function badArgument(message: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
}

/** What a proposal is refused with that is none; null: it is one. */
export function faultOfPayload(payload: unknown): FlotillaError | null {
  return payload instanceof Uint8Array ? null : badArgument("payload: expected a Uint8Array");
}

/**
 * The changes as they are now, whatever becomes of what was given. Whether they can be made is not asked.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT`
 */
export function readChanges(changes: unknown): readonly MemberChange[] {
  if (!Array.isArray(changes)) throw badArgument("changes: expected a list");
  return Array.from(changes, (change: unknown, position) => readChange(change, `changes[${position}]`));
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function readVersion(ifVersion: unknown): Index | null {
  if (ifVersion === undefined || ifVersion === null) return null;
  if (typeof ifVersion === "number" && Number.isSafeInteger(ifVersion) && ifVersion >= 0) return ifVersion;
  throw badArgument("ifVersion: expected the index of a configuration");
}

function readChange(value: unknown, what: string): MemberChange {
  if (typeof value !== "object" || value === null) throw badArgument(`${what}: expected an object`);
  const text = (name: string): string => {
    const found: unknown = Reflect.get(value, name);
    if (typeof found === "string") return found;
    throw badArgument(`${what}.${name}: expected a text`);
  };
  const flag = (name: string): boolean => {
    const found: unknown = Reflect.get(value, name);
    if (typeof found === "boolean") return found;
    throw badArgument(`${what}.${name}: expected true or false`);
  };
  const type = text("type");
  switch (type) {
    case "add":
      return {
        type,
        id: text("id"),
        address: text("address"),
        incarnation: text("incarnation"),
        promote: flag("promote"),
      };
    case "promote":
    case "demote":
    case "remove":
      return { type, id: text("id") };
    case "address":
      return { type, id: text("id"), address: text("address") };
    case "lease-reads":
      return { type, on: flag("on") };
    default:
      throw badArgument(`${what}.type: expected add, promote, demote, remove, address or lease-reads`);
  }
}
