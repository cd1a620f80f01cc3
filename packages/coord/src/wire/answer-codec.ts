import type { Usage } from "@flotilla/kv";
import { limits, readAcl, readStat, writeAcl, writeStat } from "@flotilla/kv";
import { expectItems, toErrorCode } from "@flotilla/runtime";
import type { CborReader, CborWriter, ErrorCode } from "@flotilla/runtime";
import { wireBounds } from "./bounds.ts";
import { readBudgetInfo, writeBudgetInfo } from "./budget-info-codec.ts";
import type { Answer, ChildNode } from "./messages.ts";
import { readChanges, writeChanges } from "./past-codec.ts";
import { readStatus, writeStatus } from "./status-codec.ts";
import {
  readId,
  readLease,
  readName,
  readNodeOrNull,
  readPath,
  readSession,
  writeLease,
  writeNodeOrNull,
  writeSession,
  writeTexts,
} from "./tree-codec.ts";

/** An array whose first item is a tag. */
function open(writer: CborWriter, tag: number, items: number): void {
  writer.array(items);
  writer.number(tag);
}

/** Where the next page begins. */
function writeNext(writer: CborWriter, next: string | null): void {
  if (next === null) writer.null();
  else writer.text(next);
}

/** Writes an answer within a message. */
export function writeAnswer(writer: CborWriter, answer: Answer): void {
  switch (answer.type) {
    case "node":
      open(writer, 0, 2);
      writeNodeOrNull(writer, answer.node);
      return;
    case "stat":
      open(writer, 1, 2);
      if (answer.stat === null) writer.null();
      else writeStat(writer, answer.stat);
      return;
    case "children":
      open(writer, 2, 3);
      if (answer.names === null) writer.null();
      else writeTexts(writer, answer.names);
      writeNext(writer, answer.next);
      return;
    case "child-nodes":
      open(writer, 12, 3);
      if (answer.children === null) writer.null();
      else writeChildNodes(writer, answer.children);
      writeNext(writer, answer.next);
      return;
    case "done":
      open(writer, 3, 1);
      return;
    case "sessions":
      open(writer, 7, 3);
      writer.array(answer.sessions.length);
      for (const session of answer.sessions) writeSession(writer, session);
      writeNext(writer, answer.next);
      return;
    case "leases":
      open(writer, 8, 3);
      writer.array(answer.leases.length);
      for (const lease of answer.leases) writeLease(writer, lease);
      writeNext(writer, answer.next);
      return;
    case "changes":
      open(writer, 9, 4);
      writeChanges(writer, answer);
      return;
    case "compacted":
      open(writer, 10, 2);
      writer.number(answer.floor);
      return;
    case "acl":
      open(writer, 11, 3);
      if (answer.acl === null) writer.null();
      else writeAcl(writer, answer.acl);
      if (answer.stat === null) writer.null();
      else writeStat(writer, answer.stat);
      return;
    case "budget":
      open(writer, 13, 2);
      if (answer.budget === null) writer.null();
      else writeBudgetInfo(writer, answer.budget);
      return;
    case "budgets":
      open(writer, 14, 3);
      writer.array(answer.budgets.length);
      for (const budget of answer.budgets) writeBudgetInfo(writer, budget);
      writeNext(writer, answer.next);
      return;
    case "usage":
      open(writer, 6, 2);
      writeUsage(writer, answer.usage);
      return;
    case "status":
      open(writer, 4, 2);
      writeStatus(writer, answer.status);
      return;
    default:
      open(writer, 5, 3);
      writer.text(answer.code);
      writer.text(answer.message);
  }
}

function writeChildNodes(writer: CborWriter, children: readonly ChildNode[]): void {
  writer.array(children.length);
  for (const { name, node } of children) {
    writer.array(2);
    writer.text(name);
    writeNodeOrNull(writer, node);
  }
}

function writeUsage(writer: CborWriter, usage: Usage | null): void {
  if (usage === null) {
    writer.null();
    return;
  }
  writer.array(2);
  writer.number(usage.nodes);
  writer.number(usage.bytes);
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readCode(reader: CborReader): ErrorCode {
  return toErrorCode(readName(reader, "code"));
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readMessageText(reader: CborReader): string {
  return reader.text("message", wireBounds.messageBytes);
}

function readNames(reader: CborReader): readonly string[] {
  return reader.list("names", limits.childrenPage, readPath);
}

function readChildNode(reader: CborReader): ChildNode {
  reader.array("child", 2, 2);
  return { name: readPath(reader, "name"), node: readNodeOrNull(reader) };
}

function readUsage(reader: CborReader): Usage {
  reader.array("usage", 2, 2);
  return { nodes: reader.uint("nodes"), bytes: reader.uint("bytes") };
}

/** Items of an answer, by tag. */
const answerItems = [2, 2, 3, 1, 2, 3, 2, 3, 3, 4, 2, 3, 3, 2, 3];

/** @throws FlotillaError `ERR_FLOTILLA_BAD_FRAME` */
export function readAnswer(reader: CborReader): Answer {
  const items = reader.array("answer", 1, 4);
  const tag = reader.uint("answer tag", 14);
  expectItems("answer", items, answerItems[tag] ?? 0);
  switch (tag) {
    case 0:
      return { type: "node", node: readNodeOrNull(reader) };
    case 1:
      return { type: "stat", stat: reader.takeNull() ? null : readStat(reader) };
    case 2: {
      const names = reader.takeNull() ? null : readNames(reader);
      return { type: "children", names, next: reader.takeNull() ? null : readPath(reader, "next") };
    }
    case 3:
      return { type: "done" };
    case 4:
      return { type: "status", status: readStatus(reader) };
    case 7: {
      const sessions = reader.list("sessions", limits.sessionsPage, readSession);
      return { type: "sessions", sessions, next: reader.takeNull() ? null : readId(reader, "next") };
    }
    case 8: {
      const leases = reader.list("leases", limits.leasesPage, readLease);
      return { type: "leases", leases, next: reader.takeNull() ? null : readId(reader, "next") };
    }
    case 9:
      return { type: "changes", ...readChanges(reader) };
    case 10:
      return { type: "compacted", floor: reader.uint("floor") };
    case 11: {
      const acl = reader.takeNull() ? null : readAcl(reader);
      return { type: "acl", acl, stat: reader.takeNull() ? null : readStat(reader) };
    }
    case 12: {
      const children = reader.takeNull() ? null : reader.list("children", limits.childrenPage, readChildNode);
      return { type: "child-nodes", children, next: reader.takeNull() ? null : readPath(reader, "next") };
    }
    case 13:
      return { type: "budget", budget: reader.takeNull() ? null : readBudgetInfo(reader) };
    case 14: {
      const budgets = reader.list("budgets", limits.budgetsPage, readBudgetInfo);
      return { type: "budgets", budgets, next: reader.takeNull() ? null : readPath(reader, "next") };
    }
    case 6:
      return { type: "usage", usage: reader.takeNull() ? null : readUsage(reader) };
    default:
      return { type: "error", code: readCode(reader), message: readMessageText(reader) };
  }
}
