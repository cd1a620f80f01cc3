import { readArray, readBoolean, readList, readOneOf, readString, readUint } from "@flotilla/runtime";
import type { NodeStatus } from "../client/api.ts";
import { wireBounds } from "./bounds.ts";
import { readNullable } from "./tree-codec.ts";

type MemberStatus = NodeStatus["members"][number];
const roles = ["leader", "candidate", "precandidate", "follower"] as const;

/** A `NodeStatus` as a positional array. */
export function packStatus(status: NodeStatus): unknown {
  return [
    status.id,
    status.cluster,
    roles.indexOf(status.role),
    status.term,
    status.leader,
    status.commit,
    status.applied,
    status.lastIndex,
    status.snapshotIndex,
    status.revision,
    status.digest,
    status.sessions,
    status.nodes,
    status.historyId,
    status.members.map((member) => [member.id, member.address, member.connected, member.match]),
  ];
}

function readName(value: unknown, what: string): string {
  return readString(value, what, wireBounds.nameBytes);
}

function readMember(value: unknown, what: string): MemberStatus {
  const items = readArray(value, what, 4, 4);
  return {
    id: readName(items[0], "member id"),
    address: readName(items[1], "member address"),
    connected: readBoolean(items[2], "connected"),
    match: readNullable(items[3], "match", (match, of) => readUint(match, of)),
  };
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readStatus(value: unknown): NodeStatus {
  const items = readArray(value, "status", 15, 15);
  return {
    id: readName(items[0], "id"),
    cluster: readName(items[1], "cluster"),
    role: readOneOf(roles[readUint(items[2], "role", 3)], "role", roles),
    term: readUint(items[3], "term"),
    leader: readNullable(items[4], "leader", readName),
    commit: readUint(items[5], "commit"),
    applied: readUint(items[6], "applied"),
    lastIndex: readUint(items[7], "lastIndex"),
    snapshotIndex: readUint(items[8], "snapshotIndex"),
    revision: readUint(items[9], "revision"),
    digest: readName(items[10], "digest"),
    sessions: readUint(items[11], "sessions"),
    nodes: readUint(items[12], "nodes"),
    historyId: readName(items[13], "historyId"),
    members: readList(items[14], "members", wireBounds.members, readMember),
  };
}
