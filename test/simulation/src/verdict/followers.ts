import { instancesText, leaderText } from "../actors/followed.ts";
import type { FollowRecord, LookRecord } from "../actors/followed.ts";
import { groupRoot, serviceRoot } from "../actors/paths.ts";
import { gateName, gateText } from "../plays/barriers.ts";
import { versionText } from "../plays/config.ts";
import type { World } from "../world/world.ts";
import { madeVersions } from "./configs.ts";
import { holdersOf, LineReplay } from "./line-replay.ts";

type Judged = Pick<World, "golden" | "findings" | "ledger">;

/** What a thing was from one event on. */
interface Span {
  readonly from: number;
  readonly text: string;
}

/** Who leads and who is registered: every follower was shown states that were there, in order, and the last one in the end. */
export function judgeFollowers(world: Judged): void {
  const spans = new Map([
    ["registrations", memberSpans(world, "registrations", serviceRoot)],
    ["group", memberSpans(world, "group", groupRoot)],
    ["config", versionSpans(world)],
    [gateName, gateSpans(world)],
    ...leaderSpans(world),
  ]);
  const { followed, looks } = world.ledger;
  for (const record of followed) judgeFollower(world, record, spans.get(record.what) ?? [never(record.what)]);
  for (const look of looks) judgeLook(world, look, spans.get(look.what) ?? [never(look.what)]);
}

function never(what: string): Span {
  if (what === gateName) return { from: 0, text: gateText(false) };
  if (what === "config") return { from: 0, text: versionText(null) };
  return { from: 0, text: what.startsWith("election/") ? leaderText(null) : "" };
}

/** After each event, also amid a command: whoever follows is told one by one. */
function memberSpans(world: Judged, what: string, root: string): Span[] {
  const standing = new Map<string, number>();
  const spans = [never(what)];
  for (const { events } of world.golden.commands) {
    for (const { path, node, revision } of events) {
      if (!path.startsWith(`${root}/`)) continue;
      const id = path.slice(root.length + 1);
      if (node === null) standing.delete(id);
      else standing.set(id, node.stat.mzxid);
      const all = [...standing].map(([name, mzxid]) => ({ id: name, revision: mzxid }));
      spans.push({ from: revision, text: instancesText(all.toSorted((a, b) => (a.id < b.id ? -1 : 1))) });
    }
  }
  return spans;
}

function versionSpans({ golden }: Judged): Span[] {
  const made = madeVersions(golden);
  return [never("config"), ...made.map((each) => ({ from: each.revision, text: versionText(each) }))];
}

function gateSpans({ golden }: Judged): Span[] {
  const changes = golden.commands.flatMap(({ events }) =>
    events
      .filter(({ path }) => path === `/barrier/${gateName}`)
      .map(({ revision, node }) => ({ from: revision, text: gateText(node !== null) })),
  );
  return [never(gateName), ...changes];
}

/** After each command, for a leadership changes hands in one. */
function leaderSpans(world: Judged): Map<string, Span[]> {
  const replay = new LineReplay();
  const spans = new Map<string, Span[]>();
  for (const { events } of world.golden.commands) {
    const names = new Set(events.map((event) => replay.take(event)));
    for (const name of names) {
      if (name === null || !name.startsWith("election/")) continue;
      const line = replay.line(name);
      const first = line.record?.holders[0];
      const holder = holdersOf(line).find((each) => each.name === first?.name);
      const leader = first === undefined || holder === undefined ? null : { ...first, epoch: holder.mzxid };
      const list = spans.get(name) ?? [never(name)];
      list.push({ from: events[0]?.revision ?? 0, text: leaderText(leader) });
      spans.set(name, list);
    }
  }
  return spans;
}

function judgeFollower(world: Judged, record: FollowRecord, spans: readonly Span[]): void {
  const { what, who, shown, dues } = record;
  const tell = (message: string): void =>
    world.findings.later("FollowersTrue", `${who} followed ${what} and ${message}`);
  let at = 0;
  for (const [index, text] of shown.entries()) {
    const fits = (span: Span, place: number): boolean => place >= at && span.text === text;
    const next = spans.findIndex(fits);
    if (next === -1)
      return tell(
        `${spans.some((span) => span.text === text) ? "went back in time" : "saw what never was"}: ${text}`,
      );
    const due = Math.max(
      0,
      ...dues.filter(({ count }) => count === index + 1).map(({ revision }) => revision),
    );
    at = spans.findIndex((span, place) => fits(span, place) && endOf(spans, place) > due);
    if (at === -1) return tell(`still saw at ${due} what was over by then: ${text}`);
  }
}

/** A state amid a command is never looked at. */
function judgeLook(
  world: Judged,
  { what, who, shown, least, most }: LookRecord,
  spans: readonly Span[],
): void {
  const fits = spans.some((span, index) => {
    const end = endOf(spans, index);
    return span.text === shown && end > span.from && end > least && span.from <= most;
  });
  if (!fits)
    world.findings.later(
      "FollowersTrue",
      `${who} saw ${what} as at no revision from ${least} to ${most}: ${shown}`,
    );
}

function endOf(spans: readonly Span[], index: number): number {
  return spans[index + 1]?.from ?? Number.POSITIVE_INFINITY;
}
