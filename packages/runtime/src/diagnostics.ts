/**
 * The channel `flotilla:NAME` of `node:diagnostics_channel`.
 *
 * - `session`: a session's state changed: `session` (its id), `state`, and `server`, the member at hand or null.
 * - `held`: something was granted: `session`, `path` (such as `/election/report`), `epoch`.
 * - `released`: it was given back by its holder: the same.
 * - `lost`: it is over without that: the same, and `error`, the reason of its signal.
 * - `health`: what is thought of a registration changed: `session`, `path`, `health`, and `error`, why its check failed, or
 *   null.
 */
export type DiagnosticChannel = "session" | "held" | "released" | "lost" | "health";

/** Tells whoever listens in this process; nothing comes back, whatever becomes of it there. */
export type Publish = (channel: DiagnosticChannel, message: Readonly<Record<string, unknown>>) => void;

/** Tells nobody. */
export const publishNothing: Publish = () => {};
