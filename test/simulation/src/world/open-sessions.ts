import type { GoldenCommand } from "./golden-log.ts";

/** Sessions that are open after some part of a log. */
export class OpenSessions {
  readonly open: Set<string> = new Set();
  /** The session of each further lease. */
  readonly leases: Map<string, string> = new Map();
  /** Commands that it counts. */
  count = 0;

  /** Takes in the next command. */
  take({ applied, command, result }: GoldenCommand): void {
    this.count += 1;
    if (applied.type === "attached") this.open.add(applied.session);
    if (applied.type === "expired") {
      for (const id of applied.leases) {
        this.open.delete(id);
        this.leases.delete(id);
      }
    }
    if (command?.type !== "request" || result?.ok !== true) return;
    const { operation, session } = command;
    if (operation.type === "grant") this.leases.set(operation.lease, session);
    if (operation.type === "revoke") this.leases.delete(operation.lease);
    if (operation.type === "close") this.open.delete(session);
  }
}

// A log only grows, and is asked about again and again.
const known = new WeakMap<readonly GoldenCommand[], OpenSessions>();

/** Sessions that the log says are open. */
export function openSessions(commands: readonly GoldenCommand[]): ReadonlySet<string> {
  return read(commands).open;
}

function read(commands: readonly GoldenCommand[]): OpenSessions {
  let state = known.get(commands);
  if (state === undefined) {
    state = new OpenSessions();
    known.set(commands, state);
  }
  for (const command of commands.slice(state.count)) state.take(command);
  return state;
}
