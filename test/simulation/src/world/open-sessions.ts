import type { GoldenCommand } from "./golden-log.ts";

interface Known {
  readonly open: Set<string>;
  /** The session of each further lease. */
  readonly leases: Map<string, string>;
  /** Commands that it counts. */
  count: number;
}

// A log only grows, and is asked about again and again.
const known = new WeakMap<readonly GoldenCommand[], Known>();

/** Sessions that the log says are open. */
export function openSessions(commands: readonly GoldenCommand[]): ReadonlySet<string> {
  return read(commands).open;
}

/** True for a lease that the log says stands, a session's own or a further one. */
export function isOpenLease(commands: readonly GoldenCommand[], id: string): boolean {
  const { open, leases } = read(commands);
  return open.has(leases.get(id) ?? id);
}

function read(commands: readonly GoldenCommand[]): Known {
  let state = known.get(commands);
  if (state === undefined) {
    state = { open: new Set(), leases: new Map(), count: 0 };
    known.set(commands, state);
  }
  for (let at = state.count; at < commands.length; at += 1) {
    const command = commands[at];
    if (command !== undefined) take(state, command);
  }
  state.count = commands.length;
  return state;
}

function take({ open, leases }: Known, { applied, command, result }: GoldenCommand): void {
  if (applied.type === "attached") open.add(applied.session);
  if (applied.type === "expired") {
    for (const id of applied.leases) {
      open.delete(id);
      leases.delete(id);
    }
  }
  if (command?.type !== "request" || result?.ok !== true) return;
  const { operation, session } = command;
  if (operation.type === "grant") leases.set(operation.lease, session);
  if (operation.type === "revoke") leases.delete(operation.lease);
  if (operation.type === "close") open.delete(session);
}
