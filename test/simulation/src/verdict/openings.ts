import type { Ledger } from "../actors/ledger.ts";
import type { Findings } from "../world/findings.ts";
import type { GoldenLog } from "../world/golden-log.ts";

/** What it looks at. */
export interface Openings {
  readonly ledger: Pick<Ledger, "opened">;
  readonly golden: Pick<GoldenLog, "commands">;
  readonly findings: Pick<Findings, "later">;
}

/**
 * SessionOpenedOnce: of all commands that went into the log, one at most may open a session, so that it is not opened again
 * after its end. A member's own is used before it is open and keeps its id: several may open that, all of them before its
 * client is told of it.
 */
export function judgeOpenings({ ledger, golden, findings }: Openings): void {
  const before = new Map<string, number>();
  golden.commands.forEach(({ index, command }, at) => {
    if (command?.type !== "attach" || command.ttlMs === null) return;
    const { session } = command;
    const opened = ledger.opened.get(session);
    if (opened === undefined) return;
    const first = before.get(session);
    before.set(session, index);
    if (opened.isOwn && at >= opened.commands)
      findings.later("SessionOpenedOnce", `entry ${index} may open session ${session} after it was used`);
    if (!opened.isOwn && first !== undefined)
      findings.later("SessionOpenedOnce", `entries ${first} and ${index} may both open session ${session}`);
  });
}
