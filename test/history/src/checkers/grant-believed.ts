import type { GrantRecord } from "./fenced-order.ts";
import { Findings } from "./report.ts";
import type { CheckReport } from "./report.ts";

/** Nothing is handed out to a holder that could not believe in it any more: its signal would have fired already. */
export function grantBelieved(grants: readonly GrantRecord[]): CheckReport {
  const findings = new Findings();
  findings.checked(grants.length);
  for (const grant of grants)
    if (grant.believed === false)
      findings.add(
        "stillborn",
        `${grant.object}: epoch ${grant.epoch} was over when it was handed out`,
        grant,
      );
  return findings.report();
}
