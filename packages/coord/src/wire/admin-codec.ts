import { limits } from "@flotilla/kv";
import type { MemberChange } from "@flotilla/raft";
import type { CborReader } from "@flotilla/runtime";
import { CborWriter, expectItems, FlotillaError, toErrorCode } from "@flotilla/runtime";
import type { LeaseTime, MemberInfo, Membership, NodeReport } from "../client/admin-api.ts";
import type { AdminReply, AdminRequest, DigestPoint } from "./admin-messages.ts";
import { wireBounds } from "./bounds.ts";
import { readFrame } from "./frame.ts";
import { readStatus, writeStatus } from "./status-codec.ts";
import { readId, readName } from "./tree-codec.ts";

/*
 * Positional CBOR arrays; the first item is the tag.
 * Requests:
 *   0 describe  [0]
 *   1 transfer  [1, to|null]
 *   2 change    [2, ifVersion|null, [change…]]
 *   3 leave     [3]
 *   4 save      [4]
 *   5 more      [5]
 *   6 digests   [6]
 *   7 lease-times [7, after|null]
 * change: [0, id, address, incarnation, promote] add, [1, id] promote, [2, id] demote, [3, id] remove,
 *   [4, id, address] address, [5, on] lease-reads
 * Replies:
 *   0 report       [0, report]
 *   1 transferred  [1, leader]
 *   2 changed      [2, version]
 *   3 left         [3]
 *   4 error        [4, code, message, ambiguous]
 *   5 piece        [5, bytes, last]
 *   6 digests      [6, [[commands, digest]…]]
 *   7 lease-times  [7, [[id, remainingMs]…], next|null]
 * report: [0, id, incarnation, status, membership] running, [1, id, cluster, problem, advice] damaged
 * membership: [version, historyId, leaseReads, [[id, address, incarnation, role, promote]…]]
 */

const writer = new CborWriter();
const roles = ["voter", "incoming", "outgoing", "learner"] as const;
const maxChanges = 64;
const maxPoints = 64;

function bad(message: string): never {
  throw new FlotillaError("ERR_FLOTILLA_BAD_FRAME", message);
}

/** An array whose first item is a tag. */
function open(tag: number, items: number): void {
  writer.array(items);
  writer.number(tag);
}

function writeChange(change: MemberChange): void {
  switch (change.type) {
    case "add":
      open(0, 5);
      writer.text(change.id);
      writer.text(change.address);
      writer.text(change.incarnation);
      writer.boolean(change.promote);
      return;
    case "promote":
    case "demote":
    case "remove":
      open(simple[change.type], 2);
      writer.text(change.id);
      return;
    case "address":
      open(4, 3);
      writer.text(change.id);
      writer.text(change.address);
      return;
    default:
      open(5, 2);
      writer.boolean(change.on);
  }
}

const simple = { promote: 1, demote: 2, remove: 3 } as const;
/** Requests that say nothing but what they are. */
const bare = { describe: 0, leave: 3, save: 4, more: 5, digests: 6 } as const;

function writeOrNull(text: string | null): void {
  if (text === null) writer.null();
  else writer.text(text);
}

function writeRequest(request: AdminRequest): void {
  switch (request.type) {
    case "transfer":
      open(1, 2);
      writeOrNull(request.to);
      return;
    case "change":
      open(2, 3);
      if (request.ifVersion === null) writer.null();
      else writer.number(request.ifVersion);
      writer.array(request.changes.length);
      for (const change of request.changes) writeChange(change);
      return;
    case "lease-times":
      open(7, 2);
      writeOrNull(request.after);
      return;
    default:
      open(bare[request.type], 1);
  }
}

/** The frame of a request. */
export function encodeAdminRequest(request: AdminRequest): Uint8Array {
  writer.begin();
  writeRequest(request);
  return writer.finish();
}

/** Items of a change, by tag. */
const changeItems = [5, 2, 2, 2, 3, 2];

function readChange(reader: CborReader): MemberChange {
  const items = reader.array("change", 1, 5);
  const tag = reader.uint("change tag", 5);
  expectItems("change", items, changeItems[tag] ?? 0);
  if (tag === 5) return { type: "lease-reads", on: reader.boolean("on") };
  const id = readName(reader, "member id");
  switch (tag) {
    case 0:
      return { type: "add", id, ...readNewcomer(reader) };
    case 1:
      return { type: "promote", id };
    case 2:
      return { type: "demote", id };
    case 3:
      return { type: "remove", id };
    default:
      return { type: "address", id, address: readName(reader, "member address") };
  }
}

function readNewcomer(reader: CborReader): { address: string; incarnation: string; promote: boolean } {
  return {
    address: readName(reader, "member address"),
    incarnation: readName(reader, "incarnation"),
    promote: reader.boolean("promote"),
  };
}

function readIdOrNull(reader: CborReader, what: string): string | null {
  return reader.takeNull() ? null : readId(reader, what);
}

/** Items of a request, by tag. */
const requestItems = [1, 2, 3, 1, 1, 1, 1, 2];

function readRequest(reader: CborReader): AdminRequest {
  const items = reader.array("request", 1, 3);
  const tag = reader.uint("request tag", 7);
  expectItems("request", items, requestItems[tag] ?? 0);
  switch (tag) {
    case 0:
      return { type: "describe" };
    case 1:
      return { type: "transfer", to: reader.takeNull() ? null : readName(reader, "to") };
    case 2: {
      const ifVersion = reader.takeNull() ? null : reader.uint("ifVersion");
      return { type: "change", ifVersion, changes: reader.list("changes", maxChanges, readChange) };
    }
    case 3:
      return { type: "leave" };
    case 4:
      return { type: "save" };
    case 5:
      return { type: "more" };
    case 6:
      return { type: "digests" };
    default:
      return { type: "lease-times", after: readIdOrNull(reader, "after") };
  }
}

/**
 * Reads a frame from an operator.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`, `ERR_FLOTILLA_TOO_LARGE`
 */
export function decodeAdminRequest(frame: Uint8Array): AdminRequest {
  return readFrame(frame, readRequest);
}

function writeMembership({ version, historyId, leaseReads, members }: Membership): void {
  writer.array(4);
  writer.number(version);
  writer.text(historyId);
  writer.boolean(leaseReads);
  writer.array(members.length);
  for (const { id, address, incarnation, role, promote } of members) {
    writer.array(5);
    writer.text(id);
    writer.text(address);
    writer.text(incarnation);
    writer.number(roles.indexOf(role));
    writer.boolean(promote);
  }
}

function writeReport(report: NodeReport): void {
  if (report.type === "running") {
    open(0, 5);
    writer.text(report.id);
    writer.text(report.incarnation);
    writeStatus(writer, report.status);
    writeMembership(report.membership);
    return;
  }
  open(1, 5);
  writer.text(report.id);
  writer.text(report.cluster);
  writer.text(report.problem);
  writer.text(report.advice);
}

function writePoints(points: readonly DigestPoint[]): void {
  writer.array(points.length);
  for (const { commands, digest } of points) {
    writer.array(2);
    writer.number(commands);
    writer.text(digest);
  }
}

function writeReply(reply: AdminReply): void {
  switch (reply.type) {
    case "report":
      open(0, 2);
      writeReport(reply.report);
      return;
    case "transferred":
      open(1, 2);
      writer.text(reply.leader);
      return;
    case "changed":
      open(2, 2);
      writer.number(reply.version);
      return;
    case "left":
      open(3, 1);
      return;
    case "piece":
      open(5, 3);
      writer.bytes(reply.bytes);
      writer.boolean(reply.last);
      return;
    case "lease-times":
      open(7, 3);
      writer.array(reply.times.length);
      for (const { id, remainingMs } of reply.times) {
        writer.array(2);
        writer.text(id);
        writer.number(remainingMs);
      }
      writeOrNull(reply.next);
      return;
    case "digests":
      open(6, 2);
      writePoints(reply.points);
      return;
    default:
      open(4, 4);
      writer.text(reply.code);
      writer.text(reply.message);
      writer.boolean(reply.ambiguous);
  }
}

/** The frame of a reply. */
export function encodeAdminReply(reply: AdminReply): Uint8Array {
  writer.begin();
  writeReply(reply);
  return writer.finish();
}

function readMember(reader: CborReader): MemberInfo {
  reader.array("member", 5, 5);
  return {
    id: readName(reader, "member id"),
    address: readName(reader, "member address"),
    incarnation: readName(reader, "incarnation"),
    role: roles[reader.uint("member role", 3)] ?? bad("member role: unknown"),
    promote: reader.boolean("promote"),
  };
}

function readMembership(reader: CborReader): Membership {
  reader.array("membership", 4, 4);
  return {
    version: reader.uint("version"),
    historyId: readName(reader, "historyId"),
    leaseReads: reader.boolean("leaseReads"),
    members: reader.list("members", wireBounds.members, readMember),
  };
}

function readReport(reader: CborReader): NodeReport {
  reader.array("report", 5, 5);
  const tag = reader.uint("report tag", 1);
  const id = readName(reader, "id");
  if (tag === 0) {
    return {
      type: "running",
      id,
      incarnation: readName(reader, "incarnation"),
      status: readStatus(reader),
      membership: readMembership(reader),
    };
  }
  return {
    type: "damaged",
    id,
    cluster: readName(reader, "cluster"),
    problem: readMessageText(reader, "problem"),
    advice: readMessageText(reader, "advice"),
  };
}

function readMessageText(reader: CborReader, what: string): string {
  return reader.text(what, wireBounds.messageBytes);
}

function readPoint(reader: CborReader): DigestPoint {
  reader.array("point", 2, 2);
  return { commands: reader.uint("commands"), digest: readName(reader, "digest") };
}

function readTime(reader: CborReader): LeaseTime {
  reader.array("time", 2, 2);
  return { id: readId(reader, "lease"), remainingMs: reader.uint("remainingMs") };
}

/** Items of a reply, by tag. */
const replyItems = [2, 2, 2, 1, 4, 3, 2, 3];

function readReply(reader: CborReader): AdminReply {
  const items = reader.array("reply", 1, 4);
  const tag = reader.uint("reply tag", 7);
  expectItems("reply", items, replyItems[tag] ?? 0);
  switch (tag) {
    case 0:
      return { type: "report", report: readReport(reader) };
    case 1:
      return { type: "transferred", leader: readName(reader, "leader") };
    case 2:
      return { type: "changed", version: reader.uint("version") };
    case 3:
      return { type: "left" };
    case 5:
      // It outlives the frame, whose memory the network may use again.
      return {
        type: "piece",
        bytes: new Uint8Array(reader.bytes("bytes", wireBounds.pieceBytes)),
        last: reader.boolean("last"),
      };
    case 7:
      return {
        type: "lease-times",
        times: reader.list("times", limits.leasesPage, readTime),
        next: readIdOrNull(reader, "next"),
      };
    case 6:
      return { type: "digests", points: reader.list("points", maxPoints, readPoint) };
    default:
      return {
        type: "error",
        code: toErrorCode(readName(reader, "code")),
        message: readMessageText(reader, "message"),
        ambiguous: reader.boolean("ambiguous"),
      };
  }
}

/**
 * Reads a frame from a node that an operator asked.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME`, `ERR_FLOTILLA_TOO_LARGE`
 */
export function decodeAdminReply(frame: Uint8Array): AdminReply {
  return readFrame(frame, readReply);
}
