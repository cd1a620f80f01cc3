/**
 * Every error code, with what to do about it. Codes are stable; messages are for people.
 * `retryable`: trying again as is may succeed. Whether a write may have happened is `ambiguous` on
 * the error itself.
 */
export const errorCodes = {
  ERR_FLOTILLA_ABORTED: { retryable: true, hint: "The caller gave up waiting." },
  ERR_FLOTILLA_ADDRESS_IN_USE: {
    retryable: false,
    hint: "Stop the other process or listen on another port.",
  },
  ERR_FLOTILLA_AHEAD: {
    retryable: true,
    hint: "No such revision yet; check the number, or read again later.",
  },
  ERR_FLOTILLA_ASKED_BACK: { retryable: false, hint: "Somebody waits for this; release it when you can." },
  ERR_FLOTILLA_BAD_ADDRESS: {
    retryable: false,
    hint: "Write addresses as host:port; listen on one of this machine, and on a port that this user may use.",
  },
  ERR_FLOTILLA_BAD_ARGUMENT: { retryable: false, hint: "See the message for the expected shape." },
  ERR_FLOTILLA_BAD_CHANGE: {
    retryable: false,
    hint: "The membership change does not fit the present members; see the message.",
  },
  ERR_FLOTILLA_BAD_CONFIG: { retryable: false, hint: "Correct the configuration named in the message." },
  ERR_FLOTILLA_BAD_FRAME: {
    retryable: false,
    hint: "The other side does not speak this protocol; check versions and addresses.",
  },
  ERR_FLOTILLA_BAD_PATH: {
    retryable: false,
    hint: "Paths look like /a/b: absolute, no empty or dot segments, no trailing slash.",
  },
  ERR_FLOTILLA_BAD_VALUE: {
    retryable: false,
    hint: "The value is not of the shape that was asked for; see the issues in the details.",
  },
  ERR_FLOTILLA_BAD_VERSION: { retryable: false, hint: "It changed since it was read; read again." },
  ERR_FLOTILLA_CHANGE_PENDING: {
    retryable: true,
    hint: "Wait until the membership change or hand-over under way is through, then try again.",
  },
  ERR_FLOTILLA_CLOSED: { retryable: false, hint: "This handle was closed." },
  ERR_FLOTILLA_COMPACTED: {
    retryable: false,
    hint: "History does not reach back that far; read a later revision.",
  },
  ERR_FLOTILLA_CONDITION: {
    retryable: false,
    hint: "A condition did not hold; nothing was changed.",
  },
  ERR_FLOTILLA_DAMAGED: {
    retryable: false,
    hint: "The data directory is damaged; have the node come back with new data: flotilla repair --rejoin, or make its cluster anew of a backup if there is no other member: flotilla snapshot restore.",
  },
  ERR_FLOTILLA_DIVERGED: {
    retryable: false,
    hint: "Its state cannot be trusted: have it come back with new data (flotilla repair --rejoin --force), and report it.",
  },
  ERR_FLOTILLA_DROPPED: { retryable: true, hint: "The proposal is certainly not in the log." },
  ERR_FLOTILLA_EXISTS: { retryable: false, hint: "The node exists already." },
  ERR_FLOTILLA_FENCED: { retryable: false, hint: "Somebody else holds it by now; stop acting on it." },
  ERR_FLOTILLA_FOREIGN: { retryable: false, hint: "The data directory belongs to another node or cluster." },
  ERR_FLOTILLA_GAP: {
    retryable: false,
    hint: "History was compacted; read a fresh snapshot and watch from there.",
  },
  ERR_FLOTILLA_GRACE: {
    retryable: true,
    hint: "The cluster was restored from a backup: ephemeral nodes are made once every lease of before is over.",
  },
  ERR_FLOTILLA_HAS_CHILDREN: { retryable: false, hint: "Delete the children first." },
  ERR_FLOTILLA_HELD: { retryable: false, hint: "Another session holds this; force to take it." },
  ERR_FLOTILLA_INVALID_ACL: {
    retryable: false,
    hint: "An access list names world:anyone, auth, digest, ip or x509, and at least one permission each.",
  },
  ERR_FLOTILLA_INTERNAL: { retryable: false, hint: "This is a bug in Flotilla; please report it." },
  ERR_FLOTILLA_LIMIT: { retryable: false, hint: "A limit named in the message was reached." },
  ERR_FLOTILLA_LOCKED: {
    retryable: false,
    hint: "Another process uses this data directory, or a copy of it.",
  },
  ERR_FLOTILLA_LOST: { retryable: false, hint: "It is no longer held; stop acting on it." },
  ERR_FLOTILLA_MOVED: {
    retryable: false,
    hint: "The session is attached elsewhere, with a newer attach number.",
  },
  ERR_FLOTILLA_NOT_CAUGHT_UP: {
    retryable: true,
    hint: "The learner still lacks too much of the log; try again later, or let it be promoted by itself.",
  },
  ERR_FLOTILLA_NOT_FOUND: { retryable: false, hint: "There is no such node." },
  ERR_FLOTILLA_NOT_LEADER: { retryable: true, hint: "Ask the member that leads." },
  ERR_FLOTILLA_NOT_TRANSFERRED: {
    retryable: true,
    hint: "Ask the member that leads, name a voter that is up, or try again.",
  },
  ERR_FLOTILLA_NO_AUTH: {
    retryable: false,
    hint: "The access list grants this to others; connect with `auth`, or have it changed.",
  },
  ERR_FLOTILLA_NO_CHILDREN_FOR_EPHEMERALS: {
    retryable: false,
    hint: "An ephemeral node cannot have children.",
  },
  ERR_FLOTILLA_NO_QUORUM: {
    retryable: true,
    hint: "Too few members are reachable; it recovers by itself when they are back.",
  },
  ERR_FLOTILLA_OVERLOADED: {
    retryable: true,
    hint: "Too much is in flight; wait for answers before sending more.",
  },
  ERR_FLOTILLA_QUOTA: {
    retryable: false,
    hint: "A budget named in the message is used up: delete something there, or have it raised.",
  },
  ERR_FLOTILLA_REMOVED: {
    retryable: false,
    hint: "This node is no member any more; to come back it joins anew, with an empty data directory.",
  },
  ERR_FLOTILLA_SESSION_EXPIRED: { retryable: false, hint: "The session ended; open a new one." },
  ERR_FLOTILLA_SKIPPED: {
    retryable: false,
    hint: "An operator had this request passed over, as it stopped every member; it changed nothing.",
  },
  ERR_FLOTILLA_STORAGE: {
    retryable: false,
    hint: "The disk failed or refused, as the message says: put that right, then start it again.",
  },
  ERR_FLOTILLA_TIMEOUT: { retryable: true, hint: "No answer within the time allowed." },
  ERR_FLOTILLA_TOO_LARGE: { retryable: false, hint: "Send less at once; the message names the limit." },
  ERR_FLOTILLA_UNKNOWN_OUTCOME: {
    retryable: false,
    hint: "The write may or may not have happened; read before deciding.",
  },
  ERR_FLOTILLA_UNREACHABLE: { retryable: true, hint: "Check the address and that the process is running." },
  ERR_FLOTILLA_UNSUPPORTED: { retryable: false, hint: "This version does not do that." },
  ERR_FLOTILLA_WIPED: {
    retryable: false,
    hint: "This node lost its data and must be replaced by a membership change.",
  },
  ERR_FLOTILLA_WRONG_CLUSTER: {
    retryable: false,
    hint: "The other side belongs to another cluster; check the address and the cluster name.",
  },
  ERR_FLOTILLA_WRONG_SECRET: { retryable: false, hint: "The two sides were given different secrets." },
} as const;

export type ErrorCode = keyof typeof errorCodes;

const brand: unique symbol = Symbol.for("flotilla.error");

export interface FlotillaErrorOptions {
  readonly cause?: unknown;
  /** A write may or may not have happened. Default false. */
  readonly ambiguous?: boolean;
  /** Facts for programs, such as the limit that was reached. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Every error that Flotilla throws on purpose. Match on `code`. */
export class FlotillaError extends Error {
  override readonly name: string = "FlotillaError";
  readonly code: ErrorCode;
  /** Trying again as is may succeed. */
  readonly retryable: boolean;
  /** The write may or may not have happened. */
  readonly ambiguous: boolean;
  /** What to do about it, in one sentence. */
  readonly hint: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: FlotillaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = errorCodes[code].retryable;
    this.hint = errorCodes[code].hint;
    this.ambiguous = options.ambiguous ?? false;
    this.details = options.details ?? {};
  }

  /** As `is`: `@flotilla/coord/client` is packed with a copy of its own. What extends this class is told as usual. */
  static override [Symbol.hasInstance](this: unknown, error: unknown): boolean {
    return this === FlotillaError ? FlotillaError.is(error) : super[Symbol.hasInstance](error);
  }

  /** True for errors of this family, also those made by another copy of the package. */
  static is(error: unknown, code?: ErrorCode): error is FlotillaError {
    return (
      typeof error === "object" &&
      error !== null &&
      brand in error &&
      (code === undefined || ("code" in error && error.code === code))
    );
  }
}

Object.defineProperty(FlotillaError.prototype, brand, { value: true });

function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorCodes, text);
}

/** The code as it travels on the wire and in the log; an unknown text becomes `ERR_FLOTILLA_INTERNAL`. */
export function toErrorCode(text: string): ErrorCode {
  return isErrorCode(text) ? text : "ERR_FLOTILLA_INTERNAL";
}

/** Stops what must never happen. The message names the broken invariant. */
export function invariant(
  condition: boolean,
  name: string,
  details?: Readonly<Record<string, unknown>>,
): asserts condition {
  if (!condition) {
    throw new FlotillaError(
      "ERR_FLOTILLA_INTERNAL",
      `invariant broken: ${name}`,
      details === undefined ? {} : { details },
    );
  }
}
