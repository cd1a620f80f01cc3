import type { World } from "../world/world.ts";

/**
 * SessionOpenedOnce: of all commands that went into the log, one at most may open a session of a client of the network, so
 * that it is not opened again after its end. A session within a member is used before it is open, and keeps its id.
 */
export function judgeOpenings(world: World): void {
  const { remoteSessions } = world.ledger;
  const opened = new Map<string, number>();
  for (const { index, command } of world.golden.commands) {
    if (command?.type !== "attach" || command.ttlMs === null || !remoteSessions.has(command.session))
      continue;
    const before = opened.get(command.session);
    if (before !== undefined)
      world.findings.later(
        "SessionOpenedOnce",
        `entries ${before} and ${index} may both open session ${command.session}`,
      );
    opened.set(command.session, index);
  }
}
