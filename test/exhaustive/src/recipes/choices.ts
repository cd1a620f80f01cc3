import type { Lane, Lanes } from "./lanes.ts";
import { servers } from "./lanes.ts";
import type { Me } from "./me.ts";
import type { Deviation, Rare, Scope } from "./scope.ts";

/** What happens unless something else is chosen. */
export type Next =
  | { readonly type: "lane" | "let"; readonly lane: Lane }
  | { readonly type: "time"; readonly site: string | null };

/** What is told of it. */
export function textOf(next: Next): string {
  if (next.type === "time") return "time";
  return next.type === "let" ? `let ${next.lane.name}` : next.lane.name;
}

interface Present {
  readonly scope: Scope;
  readonly lanes: Lanes;
  readonly people: readonly Me[];
  readonly hasLeader: boolean;
}

/**
 * What may be chosen instead of what happens next. What concerns others than that is left for a later step: it comes to the
 * same.
 */
export function choicesBeside(world: Present, next: Next, schedule: readonly Deviation[]): string[] {
  const left = (kind: Rare): boolean => {
    const used = schedule.filter(({ text }) => text.startsWith(`${kind} `)).length;
    return used < (world.scope.budget[kind] ?? 0);
  };
  const where = next.type === "time" ? next.site : next.lane.site;
  return [
    ...(next.type === "lane" ? delays(world, next.lane, left) : []),
    ...lets(world, next, where),
    ...(world.hasLeader && where === servers && next.type !== "time" && left("elect")
      ? ["elect another"]
      : []),
    ...world.people.flatMap((me) => blows(me, next, where, left)),
  ];
}

type Left = (kind: Rare) => boolean;

function delays({ lanes }: Present, { kind, name }: Lane, left: Left): string[] {
  if (kind === "turn" || kind === "down") return [];
  const isAlone = lanes.ready().length === 1 && lanes.held().length === 0;
  return [...(left("hold") && !isAlone ? [`hold ${name}`] : []), ...(left("stall") ? [`stall ${name}`] : [])];
}

function lets({ lanes }: Present, next: Next, where: string | null): string[] {
  return lanes
    .held()
    .filter((lane) => next.type === "lane" || next.type === "time" || next.lane !== lane)
    .filter(({ site }) => next.type === "time" || where === servers || where === site)
    .map(({ name }) => `let ${name}`);
}

function blows(me: Me, next: Next, where: string | null, left: Left): string[] {
  const { process, id } = me;
  if (process.isDead) return [];
  const found: string[] = [];
  const isHere = where === id && next.type === "lane";
  if (isHere && left("abort") && me.isAbortable) found.push(`abort ${id}`);
  if (isHere && left("crash")) found.push(`crash ${id}`);
  if (next.type === "time" && where === servers && process.isLapsed) found.push(`heal ${id}`);
  const isOnWire = next.type === "lane" && next.lane.client === id && next.lane.kind !== "turn";
  if (isOnWire && process.isConnected)
    for (const kind of ["break", "lose", "cut"] as const) if (left(kind)) found.push(`${kind} ${id}`);
  return found;
}
