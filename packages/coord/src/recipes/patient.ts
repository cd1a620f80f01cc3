import { type Clock, FlotillaError } from "@flotilla/runtime";
import type { Session, Watch, WatchOptions } from "../client/api.ts";
import type { CallOptions } from "../client/read-api.ts";
import { listen } from "./bounded.ts";
import { pause } from "./pause.ts";

/** What recipes ask of a session. */
export interface Calls extends Pick<
  Session,
  "childNodes" | "children" | "create" | "get" | "multi" | "watch"
> {
  readonly clock: Clock;
  /** Calls of one piece, each with the bounds it is given: when one is tried again, all are. */
  together<T>(work: (session: Session, bounds: CallOptions) => Promise<T>): Promise<T>;
}

const pauseMs = 100;

/**
 * The calls of a session without a time limit of their own: what fails only for now, such as a quorum that
 * is missing, is tried again until the signal fires or the session ends.
 */
export function patient(session: Session, signal: AbortSignal | undefined): Calls {
  const bounds = { timeoutMs: Number.POSITIVE_INFINITY, ...(signal === undefined ? {} : { signal }) };
  const until = <T>(call: () => Promise<T>): Promise<T> => insist(session, signal, call);
  return {
    clock: session.clock,
    childNodes: (path, options) => until(() => session.childNodes(path, { ...options, ...bounds })),
    children: (path, options) => until(() => session.children(path, { ...options, ...bounds })),
    create: (path, value, options) => until(() => session.create(path, value, { ...options, ...bounds })),
    get: (path, options) => until(() => session.get(path, { ...options, ...bounds })),
    multi: (items, options) => until(() => session.multi(items, { ...options, ...bounds })),
    together: (work) => until(() => work(session, bounds)),
    watch: (path, options) => until(() => arm(session, path, options, signal)),
  };
}

/** The signal ends the arming; a watch that stands has an end of its own. */
async function arm(
  session: Session,
  path: string,
  options: WatchOptions | undefined,
  signal: AbortSignal | undefined,
): Promise<Watch> {
  const arming = new AbortController();
  const stopListening = listen(signal, (reason) => arming.abort(reason));
  try {
    return await session.watch(path, { ...options, signal: arming.signal });
  } finally {
    stopListening();
  }
}

async function insist<T>(
  session: Session,
  signal: AbortSignal | undefined,
  call: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (signal?.aborted === true || !isPassing(error)) throw error;
    }
    await pause(session.clock, pauseMs, signal);
  }
}

/** Certainly not done, and may work another time. */
function isPassing(error: unknown): boolean {
  return FlotillaError.is(error) && error.retryable && !error.ambiguous;
}
