import type { Machine, TreeEvent } from "@flotilla/kv";
import { nameOf, parentOf } from "@flotilla/kv";
import type { World } from "../world/world.ts";

const moments = 6;
/** Changes to either side of a moment whose nodes are looked at. */
const around = 8;

/** What every member remembers of the past is what the log tells of it. */
export function judgePast(world: World): void {
  const events = world.golden.commands.flatMap((command) => command.events);
  for (const { id, view } of world.servers) {
    if (view.machine === null || view.replaced) continue;
    judgeMember(world, id, view.machine, events);
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
  const last = events.findLast((event) => event.path === path && event.revision <= revision);
  const read = machine.past.get(path, revision);
  const found = read.type === "found" ? read.found : read.type;
  if (shape(found) === shape(last?.node ?? null)) return;
  world.findings.later(
    "PastReads",
    `${id} remembers ${path} at revision ${revision} as ${shape(found)}, the log as ${shape(last?.node ?? null)}`,
  );
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
  const names = new Set<string>();
  for (const event of events) {
    if (event.revision > revision || event.type === "changed" || parentOf(event.path) !== path) continue;
    if (event.type === "created") names.add(nameOf(event.path));
    else names.delete(nameOf(event.path));
  }
  const read = machine.past.children(path, revision);
  const found = read.type === "found" ? (read.found?.names ?? []).join(" ") : read.type;
  const expected = [...names].toSorted().join(" ");
  if (found === expected) return;
  world.findings.later(
    "PastReads",
    `${id} remembers below ${path} at revision ${revision}: ${found}; the log: ${expected}`,
  );
}
