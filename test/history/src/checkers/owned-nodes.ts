import { Findings, groupBy } from "./report.ts";
import type { CheckReport } from "./report.ts";

/** A node that lives as long as its owner, from when its creation was acknowledged. */
export interface OwnedRecord {
  readonly kind: "owned";
  /** Where reads look for it. */
  readonly object: string;
  /** The session, lease or registration that ends it. */
  readonly owner: string;
  readonly node: string;
  readonly from_ns: number;
  /** Up to here its owner certainly lived: by its own belief, and it had not begun to end it. */
  readonly lived_ns: number;
  /** When the end of its owner was acknowledged; `null` when nobody knows. */
  readonly gone_ns: number | null;
}

/** A read of all nodes there are. */
export interface OwnedReadRecord {
  readonly kind: "owned-read";
  readonly object: string;
  readonly nodes: readonly string[];
  readonly invoke_ns: number;
  readonly return_ns: number;
}

/**
 * Ownership: a node is there as long as its owner believes in itself, it is gone once the end of its owner was
 * acknowledged, and all nodes of an owner end together.
 */
export function ownedNodes(owned: readonly OwnedRecord[], reads: readonly OwnedReadRecord[]): CheckReport {
  const findings = new Findings();
  findings.checked(owned.length + reads.length);
  const byObject = new Map(groupBy(owned, ({ object }) => object));
  for (const read of reads) {
    const shown = new Set(read.nodes);
    for (const [owner, nodes] of groupBy(byObject.get(read.object) ?? [], (record) => record.owner)) {
      for (const record of nodes) checkOne(record, read, shown, findings);
      const standing = nodes.filter(({ from_ns }) => from_ns < read.invoke_ns);
      const there = standing.filter(({ node }) => shown.has(node)).length;
      if (there > 0 && there < standing.length)
        findings.add("torn", `${read.object}: ${there} of ${standing.length} nodes of ${owner}`, read);
    }
  }
  return findings.report();
}

function checkOne(
  record: OwnedRecord,
  read: OwnedReadRecord,
  shown: ReadonlySet<string>,
  findings: Findings,
): void {
  const { object, node, owner, from_ns, lived_ns, gone_ns } = record;
  const isShown = shown.has(node);
  if (!isShown && from_ns < read.invoke_ns && read.return_ns < lived_ns)
    findings.add("ended-early", `${object}: ${node} is gone while ${owner} lives`, record, read);
  if (isShown && gone_ns !== null && gone_ns < read.invoke_ns)
    findings.add("outlived", `${object}: ${node} is there after the end of ${owner}`, record, read);
}
