import { FlotillaError } from "@flotilla/runtime";
import type { CborReader, CborWriter } from "@flotilla/runtime";
import type { NodeStatus } from "../client/status-api.ts";
import { wireBounds } from "./bounds.ts";
import { readName } from "./tree-codec.ts";

type MemberStatus = NodeStatus["members"][number];
const roles = ["leader", "candidate", "precandidate", "follower"] as const;

function writeMember(writer: CborWriter, member: MemberStatus): void {
  writer.array(4);
  writer.text(member.id);
  writer.text(member.address);
  writer.boolean(member.connected);
  if (member.match === null) writer.null();
  else writer.number(member.match);
}

/** Writes a `NodeStatus` as a positional array. */
export function writeStatus(writer: CborWriter, status: NodeStatus): void {
  writer.array(17);
  writer.text(status.id);
  writer.text(status.cluster);
  writer.number(roles.indexOf(status.role));
  writer.number(status.term);
  if (status.leader === null) writer.null();
  else writer.text(status.leader);
  writer.number(status.commit);
  writer.number(status.applied);
  writer.number(status.lastIndex);
  writer.number(status.snapshotIndex);
  writer.number(status.revision);
  writer.text(status.digest);
  writer.number(status.featureLevel);
  writer.number(status.newestLevel);
  writer.number(status.sessions);
  writer.number(status.nodes);
  writer.text(status.historyId);
  writer.array(status.members.length);
  for (const member of status.members) writeMember(writer, member);
}

function readMember(reader: CborReader): MemberStatus {
  reader.array("member", 4, 4);
  return {
    id: readName(reader, "member id"),
    address: readName(reader, "member address"),
    connected: reader.boolean("connected"),
    match: reader.takeNull() ? null : reader.uint("match"),
  };
}

function readRole(reader: CborReader): NodeStatus["role"] {
  const role = roles[reader.uint("role", 3)];
  if (role === undefined) throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", "role: unknown");
  return role;
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readStatus(reader: CborReader): NodeStatus {
  reader.array("status", 17, 17);
  return {
    id: readName(reader, "id"),
    cluster: readName(reader, "cluster"),
    role: readRole(reader),
    term: reader.uint("term"),
    leader: reader.takeNull() ? null : readName(reader, "leader"),
    commit: reader.uint("commit"),
    applied: reader.uint("applied"),
    lastIndex: reader.uint("lastIndex"),
    snapshotIndex: reader.uint("snapshotIndex"),
    revision: reader.uint("revision"),
    digest: readName(reader, "digest"),
    featureLevel: reader.uint("feature level"),
    newestLevel: reader.uint("newest level"),
    sessions: reader.uint("sessions"),
    nodes: reader.uint("nodes"),
    historyId: readName(reader, "historyId"),
    members: reader.list("members", wireBounds.members, readMember),
  };
}
