import type { OpRecord } from "@flotilla/history";
import type { World } from "../world/world.ts";
import { judgeLinearizability } from "./linearizable-history.ts";

const observations: ReadonlySet<string> = new Set(["NO_NODE", "NODE_EXISTS", "BAD_VERSION"]);

/** Judges what users of registers were told, by what the log has. */
export function judgeRegisters(world: World): void {
  for (const record of world.history.ops()) {
    const wrong = record.op.type === "get" ? null : wrongOutcome(world, record);
    if (wrong !== null)
      world.findings.later("ExactlyOnce", `${record.op.type} ${record.op.value ?? ""} ${wrong}`);
  }
  judgeLinearizability(world, world.registers.resolutions());
}

/** What differs from what the caller was told; null when nothing does. */
function wrongOutcome({ registers }: World, { id, outcome, result }: OpRecord): string | null {
  if (outcome === "unknown") return null;
  const effect = registers.effectOf(id);
  const code = outcome === "fail" ? (result?.error ?? "") : "";
  if (outcome === "fail" && !observations.has(code))
    return effect === null ? null : `failed with ${code}, but is in the log as entry ${effect.index}`;
  if (effect === null) return "was answered, but is not in the log";
  const told = outcome === "fail" ? code : (result?.version ?? effect.answer);
  if (told !== effect.answer) return `was answered with ${told}, but made ${effect.answer}`;
  return outcome === "ok" && result?.zxid !== effect.index
    ? `was answered with entry ${result?.zxid ?? "none"}, but is entry ${effect.index}`
    : null;
}
