import type { ErrorCode } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";

/** What the process ends with. Stable; scripts may rely on them. */
export const exitCodes = {
  ok: 0,
  /** Anything that has no code of its own. */
  other: 1,
  /** Wrong arguments, paths or configuration; nothing was sent. */
  usage: 2,
  /** No member answered, or too few of them are up. Nothing was changed. */
  unavailable: 3,
  /** Wrong secret, wrong cluster, or an access list that grants it to others. */
  denied: 4,
  /** Refused because of what is there: exists, bad version, held, has children. Nothing was changed. */
  conflict: 5,
  notFound: 6,
  /** The write may or may not have happened. */
  unknownOutcome: 7,
  /** What a command ran under was lost before the command had ended. */
  lost: 8,
  /** The data directory failed, is damaged, foreign, wiped or in use; or the output could not be written. */
  storage: 74,
  /** Interrupted once more while it ended. */
  hurried: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const byCode: Readonly<Partial<Record<ErrorCode, ExitCode>>> = {
  ERR_FLOTILLA_AHEAD: exitCodes.conflict,
  ERR_FLOTILLA_BAD_ADDRESS: exitCodes.usage,
  ERR_FLOTILLA_BAD_ARGUMENT: exitCodes.usage,
  ERR_FLOTILLA_BAD_CHANGE: exitCodes.conflict,
  ERR_FLOTILLA_BAD_CONFIG: exitCodes.usage,
  ERR_FLOTILLA_BAD_FRAME: exitCodes.unavailable,
  ERR_FLOTILLA_BAD_PATH: exitCodes.usage,
  ERR_FLOTILLA_BAD_VALUE: exitCodes.usage,
  ERR_FLOTILLA_BAD_VERSION: exitCodes.conflict,
  ERR_FLOTILLA_CHANGE_PENDING: exitCodes.unavailable,
  ERR_FLOTILLA_COMPACTED: exitCodes.conflict,
  ERR_FLOTILLA_CONDITION: exitCodes.conflict,
  ERR_FLOTILLA_DAMAGED: exitCodes.storage,
  ERR_FLOTILLA_DIVERGED: exitCodes.storage,
  ERR_FLOTILLA_DROPPED: exitCodes.unavailable,
  ERR_FLOTILLA_EXISTS: exitCodes.conflict,
  ERR_FLOTILLA_FENCED: exitCodes.conflict,
  ERR_FLOTILLA_FOREIGN: exitCodes.storage,
  ERR_FLOTILLA_GRACE: exitCodes.unavailable,
  ERR_FLOTILLA_HAS_CHILDREN: exitCodes.conflict,
  ERR_FLOTILLA_HELD: exitCodes.conflict,
  ERR_FLOTILLA_INVALID_ACL: exitCodes.usage,
  ERR_FLOTILLA_LIMIT: exitCodes.conflict,
  ERR_FLOTILLA_LOCKED: exitCodes.storage,
  ERR_FLOTILLA_LOST: exitCodes.lost,
  ERR_FLOTILLA_NOT_CAUGHT_UP: exitCodes.conflict,
  ERR_FLOTILLA_NOT_FOUND: exitCodes.notFound,
  ERR_FLOTILLA_NOT_LEADER: exitCodes.unavailable,
  ERR_FLOTILLA_NOT_TRANSFERRED: exitCodes.unavailable,
  ERR_FLOTILLA_NO_AUTH: exitCodes.denied,
  ERR_FLOTILLA_NO_CHILDREN_FOR_EPHEMERALS: exitCodes.conflict,
  ERR_FLOTILLA_NO_QUORUM: exitCodes.unavailable,
  ERR_FLOTILLA_OVERLOADED: exitCodes.unavailable,
  ERR_FLOTILLA_QUOTA: exitCodes.conflict,
  ERR_FLOTILLA_REMOVED: exitCodes.storage,
  ERR_FLOTILLA_SESSION_EXPIRED: exitCodes.unavailable,
  ERR_FLOTILLA_SKIPPED: exitCodes.conflict,
  ERR_FLOTILLA_STORAGE: exitCodes.storage,
  ERR_FLOTILLA_TIMEOUT: exitCodes.unavailable,
  ERR_FLOTILLA_TOO_LARGE: exitCodes.usage,
  ERR_FLOTILLA_UNKNOWN_OUTCOME: exitCodes.unknownOutcome,
  ERR_FLOTILLA_UNREACHABLE: exitCodes.unavailable,
  ERR_FLOTILLA_WIPED: exitCodes.storage,
  ERR_FLOTILLA_WRONG_CLUSTER: exitCodes.denied,
  ERR_FLOTILLA_WRONG_SECRET: exitCodes.denied,
};

/** An error that leaves the outcome open is 7, whatever its code. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!FlotillaError.is(error)) return exitCodes.other;
  if (error.ambiguous) return exitCodes.unknownOutcome;
  return byCode[error.code] ?? exitCodes.other;
}
