import type { World } from "../world/world.ts";

/**
 * SessionOpenedOnce: of all commands that went into the log, one at most may open a session of a given id, so that no
 * session is opened again after its end.
 */
export function judgeOpenings(world: World): void {
  const opened = new Map<string, number>();
  for (const { index, command } of world.golden.commands) {
    if (command?.type !== "attach" || command.ttlMs === null) continue;
    const before = opened.get(command.session);
    if (before !== undefined)
      world.findings.later(
        "SessionOpenedOnce",
        `entries ${before} and ${index} may both open session ${command.session}`,
      );
    opened.set(command.session, index);
  }
}
