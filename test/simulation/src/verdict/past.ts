import type { Machine, TreeEvent } from "@flotilla/kv";
import { nameOf, parentOf } from "@flotilla/kv";
import type { Ledger } from "../actors/ledger.ts";
import type { World } from "../world/world.ts";

const moments = 6;
/** Changes to either side of a moment whose nodes are looked at. */
const around = 8;

type Told = Pick<World, "findings"> & { readonly ledger: Pick<Ledger, "pastReads" | "pastNames"> };

/** What every member remembers of the past, and what sessions were shown of it, is what the log tells of it. */
export function judgePast(world: World): void {
  const events = world.golden.commands.flatMap((command) => command.events);
  judgePastReads(world, events);
  for (const { id, view } of world.servers) {
    if (view.machine === null || view.replaced) continue;
    judgeMember(world, id, view.machine, events);
  }
}

/** What sessions were shown. */
export function judgePastReads({ ledger, findings }: Told, events: readonly TreeEvent[]): void {
  for (const { session, path, revision, node } of ledger.pastReads) {
    const expected = shape(nodeAt(events, path, revision));
    if (shape(node) === expected) continue;
    const found = `${session} was shown ${path} at revision ${revision} as ${shape(node)}`;
    findings.later("PastReads", `${found}, the log has ${expected}`);
  }
  for (const { session, path, revision, names } of ledger.pastNames) {
    const expected = namesAt(events, path, revision);
    if (names.join(" ") === expected) continue;
    const found = `${session} was shown below ${path} at revision ${revision}: ${names.join(" ")}`;
    findings.later("PastReads", `${found}; the log has ${expected}`);
  }
}

function judgeMember(world: World, id: string, machine: Machine, events: readonly TreeEvent[]): void {
  const floor = machine.history.floor.revision;
  const told = events.filter(({ revision }) => revision >= floor && revision <= machine.revision);
  const step = Math.max(1, Math.floor(told.length / moments));
  for (let at = 0; at < told.length; at += step) {
    const revision = told[at]?.revision ?? 0;
    const paths = new Set(told.slice(Math.max(0, at - around), at + around).map(({ path }) => path));
    for (const path of paths) judgeNode(world, id, machine, path, revision, events);
    const parents = new Set([...paths].map(parentOf));
    for (const parent of parents) judgeNames(world, id, machine, parent, revision, events);
  }
}

function judgeNode(
  world: World,
  id: string,
  machine: Machine,
  path: string,
  revision: number,
  events: readonly TreeEvent[],
): void {
  const expected = nodeAt(events, path, revision);
  const read = machine.past.get(path, revision);
  const found = read.type === "found" ? read.found : read.type;
  if (shape(found) === shape(expected)) return;
  world.findings.later(
    "PastReads",
    `${id} remembers ${path} at revision ${revision} as ${shape(found)}, the log as ${shape(expected)}`,
  );
}

function nodeAt(events: readonly TreeEvent[], path: string, revision: number): TreeEvent["node"] {
  return events.findLast((event) => event.path === path && event.revision <= revision)?.node ?? null;
}

function namesAt(events: readonly TreeEvent[], path: string, revision: number): string {
  const names = new Set<string>();
  for (const event of events) {
    if (event.revision > revision || event.type === "changed" || parentOf(event.path) !== path) continue;
    if (event.type === "created") names.add(nameOf(event.path));
    else names.delete(nameOf(event.path));
  }
  return [...names].toSorted().join(" ");
}

function shape(node: TreeEvent["node"] | string): string {
  if (node === null || typeof node === "string") return String(node);
  const { czxid, mzxid, version, mtimeMs } = node.stat;
  return JSON.stringify([czxid, mzxid, version, mtimeMs, Buffer.from(node.value).toString("base64")]);
}

function judgeNames(
  world: World,
  id: string,
  machine: Machine,
  path: string,
  revision: number,
  events: readonly TreeEvent[],
): void {
  const read = machine.past.children(path, revision);
  const found = read.type === "found" ? (read.found?.names ?? []).join(" ") : read.type;
  const expected = namesAt(events, path, revision);
  if (found === expected) return;
  world.findings.later(
    "PastReads",
    `${id} remembers below ${path} at revision ${revision}: ${found}; the log: ${expected}`,
  );
}
