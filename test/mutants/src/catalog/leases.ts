import type { Mutant } from "../mutant.ts";
import { heartbeats, lease, pledge, reads, transfer, voting } from "./files.ts";

const elapsed = "return Math.max(now.nowMs - since.nowMs, now.wallMs - since.wallMs);";
const granted = "if (pledgeMs > 0) leading.lease.granted(incarnation, round, pledgeMs);";
const ticks = "{ nowMs: s.tick * (s.pledgeMs / s.electionTicks), wallMs: 0 }";

/** What a lease is measured by, and what must end it. */
export const leases: readonly Mutant[] = [
  {
    id: "R35",
    severity: 2,
    title: "a lease goes by the wall clock",
    killer: "LeaseDiscipline",
    onlySuites: true,
    edits: [{ file: lease, find: elapsed, replace: "return now.wallMs - since.wallMs;" }],
  },
  {
    id: "R36",
    severity: 2,
    title: "a lease counts from when its acknowledgements arrive",
    killer: "LeaseDiscipline",
    onlySuites: true,
    edits: [
      {
        file: heartbeats,
        find: granted,
        replace: granted
          .replace(
            "leading.lease",
            "leading.lease.sent(round + 0.5, s.now);\n  if (pledgeMs > 0) leading.lease",
          )
          .replace("round, pledgeMs", "round + 0.5, pledgeMs"),
      },
    ],
  },
  {
    id: "R37",
    severity: 2,
    title: "a leader keeps its lease when it asks another member to take over",
    killer: "LeaseDiscipline",
    onlySuites: true,
    edits: [{ file: transfer, find: "  leading.lease.revoke();\n", replace: "" }],
  },
  {
    id: "P67",
    severity: 2,
    title: "a lease lasts until a leader misses its quorum",
    killer: "LeaseDiscipline",
    onlySuites: true,
    edits: [
      {
        file: reads,
        find: "id === s.id || leading.lease.countsOn(incarnation, now)",
        replace: 'id !== "" || leading.lease.countsOn(incarnation, now)',
      },
    ],
  },
  {
    id: "P68",
    severity: 2,
    title: "a lease goes by ticks, of which few are made up after a pause",
    killer: "LeaseDiscipline",
    onlySuites: true,
    edits: [
      {
        file: heartbeats,
        find: "leading.lease.sent(leading.round, s.now);",
        replace: `leading.lease.sent(leading.round, ${ticks});`,
      },
      {
        file: reads,
        find: "leading.lease.countsOn(incarnation, now)",
        replace: `leading.lease.countsOn(incarnation, ${ticks.replace("0 }", "0 * now.nowMs }")})`,
      },
    ],
  },
  {
    id: "P71a",
    severity: 2,
    title: "a voter forgets at a restart that a lease counts on it",
    killer: "LeaseDiscipline",
    onlySuites: true,
    edits: [
      {
        file: pledge,
        find: "return configurations.some(({ leaseReads }) => leaseReads) ?",
        replace: "return configurations.length === 0 ?",
      },
    ],
  },
  {
    id: "P71b",
    severity: 2,
    title: "a closed link frees a voter although a lease counts on it",
    killer: "LeaseDiscipline",
    onlySuites: true,
    edits: [
      {
        file: voting,
        find: 'if (s.role === "leader" || isPledged(s, asker)) return true;',
        replace: 'if (s.role === "leader") return true;',
      },
      { file: voting, find: "(transfer || !isPledged(s, from)) && ", replace: "" },
    ],
  },
];
