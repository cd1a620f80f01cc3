import { FlotillaError } from "@flotilla/runtime";
import type { KvCommand } from "./types.ts";

/** The feature level that every version knows. A new cluster begins with it. */
export const oldestLevel: number = 1;
/** The feature level this version knows. One more with every kind or meaning of a command that the one before lacks. */
export const newestLevel: number = 1;

/** The feature level that brought each kind of command. */
const broughtBy: Readonly<Record<KvCommand["type"], number>> = {
  attach: 1,
  request: 1,
  expire: 1,
  reap: 1,
  "begin-history": 1,
  "begin-restored": 1,
  "end-grace": 1,
  "set-feature-level": 1,
};

/**
 * Refuses to write a command for members that do not know it.
 * @throws FlotillaError `ERR_FLOTILLA_UNSUPPORTED`
 */
export function requireAgreed(type: KvCommand["type"], level: number): void {
  const needed = broughtBy[type];
  if (needed <= level) return;
  throw new FlotillaError(
    "ERR_FLOTILLA_UNSUPPORTED",
    `${type} needs feature level ${needed}, and the cluster has agreed on ${level}: bring all members to a newer version`,
    { details: { needed, level } },
  );
}

/**
 * Refuses to read what members of a newer version wrote.
 * @throws FlotillaError `ERR_FLOTILLA_UNSUPPORTED`
 */
export function requireKnown(what: string, level: number, newest: number): void {
  if (level <= newest) return;
  throw new FlotillaError(
    "ERR_FLOTILLA_UNSUPPORTED",
    `${what} has feature level ${level}, and this version of Flotilla knows levels up to ${newest}: start this member with a newer version`,
    { details: { level, newest } },
  );
}
