import type { GoldenCommand } from "./golden-log.ts";

interface Known {
  readonly open: Set<string>;
  /** Commands that it counts. */
  count: number;
}

// A log only grows, and is asked about again and again.
const known = new WeakMap<readonly GoldenCommand[], Known>();

/** Sessions that the log says are open. */
export function openSessions(commands: readonly GoldenCommand[]): ReadonlySet<string> {
  let state = known.get(commands);
  if (state === undefined) {
    state = { open: new Set(), count: 0 };
    known.set(commands, state);
  }
  for (let at = state.count; at < commands.length; at += 1) {
    const command = commands[at];
    if (command !== undefined) take(state.open, command);
  }
  state.count = commands.length;
  return state.open;
}

function take(open: Set<string>, { applied, command, result }: GoldenCommand): void {
  if (applied.type === "attached") open.add(applied.session);
  if (applied.type === "expired") for (const id of applied.leases) open.delete(id);
  const closes = command?.type === "request" && command.operation.type === "close" && result?.ok === true;
  if (closes) open.delete(command.session);
}
