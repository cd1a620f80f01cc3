import type { World } from "./world.ts";

/** Calls on the log of a member at rest that nobody answered. */
export function unsettled(world: World): string[] {
  return world.sound.flatMap(({ id, raft }) => {
    const waiting = raft?.status().waiting;
    return Object.entries(waiting ?? {})
      .filter(([, count]) => count > 0)
      .map(([what, count]) => `${id} has ${count} ${what} without an outcome, although nobody asks any more`);
  });
}
