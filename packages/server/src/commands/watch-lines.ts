import type { Node, SnapshotReason, WatchBookmark, WatchEvent } from "@flotilla/coord/client";
import { printable } from "../cli/printable.ts";
import { jsonNode, jsonValue } from "../cli/values.ts";

type Told = WatchEvent | WatchBookmark;

const shownCharacters = 200;

const why: Readonly<Record<SnapshotReason, string>> = {
  asked: "",
  compacted: "changes were compacted; ",
  "other-history": "the history is another; ",
  "fell-behind": "fell behind; ",
};

/** An event of a watch for programs. Without values, nodes have their stat alone. */
export function forPrograms(event: Told, values: "values" | "no values"): Record<string, unknown> {
  const { type, revision, token } = event;
  const shown = (path: string, node: Node): Record<string, unknown> =>
    values === "values" ? jsonNode(path, node) : { path, stat: node.stat };
  if (event.type === "bookmark") return { type, revision, token };
  if (event.type === "snapshot") {
    const nodes = event.nodes.map(({ path, node }) => shown(path, node));
    return { type, revision, token, reason: event.reason, nodes };
  }
  const { path, node, previous } = event;
  const before = previous === undefined ? {} : { previous: previous && shown(path, previous) };
  return { ...(node === null ? { path } : shown(path, node)), ...before, type, revision, token };
}

/** The same for people, a line or more. */
export function forPeople(event: Told): string[] {
  const { type, revision } = event;
  if (event.type === "bookmark") return [`${revision}  bookmark`];
  if (event.type === "snapshot") {
    const head = `${revision}  snapshot  ${why[event.reason]}${event.nodes.length} nodes now:`;
    return [head, ...event.nodes.map(({ path, node }) => line(revision, "present", path, node.value))];
  }
  const { path, node, previous } = event;
  const now = line(revision, type, path, node?.value);
  const before = previous ? shownValue(previous.value) : "";
  return [before === "" ? now : `${now}  was ${before}`];
}

function line(revision: number, type: string, path: string, value: Uint8Array | undefined): string {
  const start = `${revision}  ${type}  ${printable(path)}`;
  const shown = value === undefined ? "" : shownValue(value);
  return shown === "" ? start : `${start}  ${shown}`;
}

function shownValue(value: Uint8Array): string {
  const shown = jsonValue(value);
  const text = shown.encoding === "utf8" ? printable(shown.value) : `(${value.length} bytes)`;
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
}
