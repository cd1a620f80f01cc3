import type { TreeEvent } from "@flotilla/kv";
import type { ChildrenRecord, ReadRecord } from "../actors/ledger.ts";
import type { World } from "../world/world.ts";

/** The state of one path from one revision to the next that changes it. */
interface Span {
  readonly from: number;
  readonly to: number;
  readonly event: TreeEvent | null;
}

/**
 * Every read, local ones too, shows a state that was there, and none older than what its session had seen
 * when it asked.
 */
export function judgeReads(world: World): void {
  const spans = spansByPath(world);
  for (const read of world.ledger.reads) judgeRead(world, read, spans.get(read.path) ?? [never]);
  const parents = new Map<string, TreeEvent[]>();
  for (const { events } of world.golden.commands) {
    for (const event of events) {
      if (event.type === "changed") continue;
      const parent = event.path.slice(0, event.path.lastIndexOf("/"));
      const list = parents.get(parent);
      if (list === undefined) parents.set(parent, [event]);
      else list.push(event);
    }
  }
  for (const read of world.ledger.children) judgeChildren(world, read, parents.get(read.path) ?? []);
}

const never: Span = { from: 0, to: Number.POSITIVE_INFINITY, event: null };

function spansByPath(world: World): Map<string, Span[]> {
  const byPath = new Map<string, TreeEvent[]>();
  for (const { events } of world.golden.commands) {
    for (const event of events) {
      const list = byPath.get(event.path);
      if (list === undefined) byPath.set(event.path, [event]);
      else list.push(event);
    }
  }
  return new Map(
    [...byPath].map(([path, events]) => [
      path,
      [
        { from: 0, to: events[0]?.revision ?? Number.POSITIVE_INFINITY, event: null },
        ...events.map((event, at): Span => ({
          from: event.revision,
          to: events[at + 1]?.revision ?? Number.POSITIVE_INFINITY,
          event,
        })),
      ],
    ]),
  );
}

function judgeRead(world: World, read: ReadRecord, spans: readonly Span[]): void {
  const fits = spans.some((span) => shows(span, read) && span.to > read.seen);
  if (fits) return;
  const existed = spans.some((span) => shows(span, read));
  const why = existed ? `older than revision ${read.seen}, which the session had seen` : "that never was";
  world.findings.later(
    "LinearizableHistory",
    `a ${read.level} read showed a state ${why}: ${JSON.stringify(read)}`,
  );
}

function shows({ event }: Span, { mzxid, version, value }: ReadRecord): boolean {
  const node = event?.node ?? null;
  if (node === null || mzxid === null) return node === null && mzxid === null;
  if (node.stat.mzxid !== mzxid || node.stat.version !== version) return false;
  return value === null || new TextDecoder().decode(node.value) === value;
}

/** The names must be those of some revision between what was told before the call and what there was at the answer. */
function judgeChildren(world: World, read: ChildrenRecord, events: readonly TreeEvent[]): void {
  const names = new Set<string>();
  const wanted = read.names.join("\n");
  const before = events.filter(({ revision }) => revision <= read.least);
  const meanwhile = events.filter(({ revision }) => revision > read.least && revision <= read.most);
  const isThis = (): boolean =>
    names.size === read.names.length && [...names].toSorted().join("\n") === wanted;
  for (const event of before) take(names, event);
  if (isThis()) return;
  for (const event of meanwhile) {
    take(names, event);
    if (isThis()) return;
  }
  const { session, path, least, most } = read;
  world.findings.later(
    "LinearizableHistory",
    `session ${session} saw children of ${path} as at no revision from ${least} to ${most}: ${read.names.length} names`,
  );
}

function take(names: Set<string>, event: TreeEvent): void {
  const name = event.path.slice(event.path.lastIndexOf("/") + 1);
  if (event.type === "created") names.add(name);
  else names.delete(name);
}
