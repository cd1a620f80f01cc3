import type { OpRecord, Resolution } from "@flotilla/history";
import { checkLinearizability, zxidWitness } from "@flotilla/history";
import type { World } from "../world/world.ts";

/** Enough for nearly every history; the others get the log's help. */
const firstSteps = 3_000_000;
const lastSteps = 100_000_000;
const shown = 600;

/** The answers of all clients fit one order of operations that respects real time. */
export function judgeLinearizability(world: World, resolutions: ReadonlyMap<number, Resolution>): void {
  const records = world.history.ops().map((record) => resolved(record, resolutions));
  const witness = zxidWitness(records);
  for (const { rule, message, evidence } of witness.violations.slice(0, 3)) {
    world.findings.later(
      "LinearizableHistory",
      `${rule}: ${message} ${JSON.stringify(evidence).slice(0, shown)}`,
    );
  }
  let result = checkLinearizability(records, { maxSteps: firstSteps });
  if (result.verdict === "undecided") {
    world.kernel.probes.set("linearizability-assisted", 1);
    result = checkLinearizability(records, { maxSteps: lastSteps, assisted: true });
  }
  if (result.verdict === "linearizable") return;
  world.findings.later(
    "LinearizableHistory",
    `${result.verdict}: ${result.firstBadPath ?? ""} ${result.explain ?? ""}`,
  );
}

function resolved(record: OpRecord, resolutions: ReadonlyMap<number, Resolution>): OpRecord {
  if (record.outcome !== "unknown") return record;
  const found = resolutions.get(record.id);
  return found === undefined ? record : { ...record, resolved: found };
}
