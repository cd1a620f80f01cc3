import { groupRoot, serviceRoot } from "../actors/paths.ts";
import type { World } from "../world/world.ts";

/** A registration lives as long as its session, and nobody takes out another's but who means to. */
export function judgeRegistrations(world: Pick<World, "golden" | "findings" | "ledger">): void {
  for (const { command, events } of world.golden.commands) {
    for (const { type, path, node, previous, by } of events) {
      if (!path.startsWith(`${serviceRoot}/`) && !path.startsWith(`${groupRoot}/`)) continue;
      if (type === "created" && node?.stat.ephemeralOwner !== by)
        world.findings.later("RegistrationOwned", `${path} was made by ${by ?? "nobody"} and is another's`);
      if (type !== "deleted" || command?.type !== "request") continue;
      const owner = previous?.stat.ephemeralOwner ?? null;
      if (by === null || owner === by || world.ledger.swept.has(`${by} ${path}`)) continue;
      world.findings.later(
        "RegistrationOwned",
        `${path} of session ${owner ?? "nobody"} was deleted by ${by}`,
      );
    }
  }
}
