import type { Findings } from "../checkers/report.ts";
import type { OpRecord } from "../format/records.ts";
import type { PathWrites, PlacedWrite } from "./placed-writes.ts";
import { isWrite, ownZxid } from "./placed-writes.ts";

interface Node {
  readonly value: string;
  /** `null` when loose writes hide it. */
  readonly version: number | null;
}

/**
 * Replays the placed writes of one path in order of zxid and compares everything clients saw. With
 * loose writes around, states between placed ones are not known, and only what a write says of itself
 * is compared.
 */
export function replayPath(records: readonly OpRecord[], writes: PathWrites, findings: Findings): void {
  const states = new Map<number, Node | null>();
  let node: Node | null = null;
  for (const write of writes.placed) {
    node = writes.loose ? afterUnchecked(write) : afterChecked(write, node, findings);
    states.set(write.zxid, node);
  }
  for (const read of records) {
    const zxid = isWrite(read) ? undefined : ownZxid(read);
    if (zxid === undefined) continue;
    if (!states.has(zxid)) {
      if (!writes.loose)
        findings.add("read-of-nothing", `a read shows zxid ${zxid}, at which nothing was written`, read);
      continue;
    }
    compareRead(read, states.get(zxid) ?? null, findings);
  }
}

function afterUnchecked({ record }: PlacedWrite): Node | null {
  const { type, value } = record.op;
  if (type === "delete" || value === undefined) return null;
  return { value, version: type === "create" ? 0 : (record.result?.version ?? null) };
}

function afterChecked({ record, zxid }: PlacedWrite, node: Node | null, findings: Findings): Node | null {
  const { type, value, expectedVersion = -1 } = record.op;
  if ((type === "create") !== (node === null)) {
    findings.add(
      "replay",
      `${type} at zxid ${zxid} finds the node ${node === null ? "absent" : "there"}`,
      record,
    );
  }
  const version = node?.version ?? null;
  if (type !== "create" && expectedVersion >= 0 && version !== null && version !== expectedVersion) {
    findings.add(
      "replay",
      `${type} at zxid ${zxid} expects version ${expectedVersion} and finds ${version}`,
      record,
    );
  }
  if (type === "delete" || value === undefined) return null;
  const next = type === "create" ? 0 : version === null ? (record.result?.version ?? null) : version + 1;
  const reported = record.result?.version;
  if (reported !== undefined && next !== null && reported !== next) {
    findings.add("replay", `${type} at zxid ${zxid} makes version ${next} and reports ${reported}`, record);
  }
  // Going on from what was reported keeps one fault from showing up in every later write.
  return { value, version: reported ?? next };
}

function compareRead(read: OpRecord, node: Node | null, findings: Findings): void {
  const { value, version, zxid } = read.result ?? {};
  if (node === null) {
    findings.add("read", `a read shows a node at zxid ${zxid ?? "?"}, which deleted it`, read);
    return;
  }
  const otherVersion = version !== undefined && node.version !== null && version !== node.version;
  if ((value !== undefined && value !== node.value) || otherVersion) {
    findings.add("read", `a read differs from the state at zxid ${zxid ?? "?"}`, read, node);
  }
}
