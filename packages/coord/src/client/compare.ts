import { FlotillaError } from "@flotilla/runtime";
import type { DigestPoint } from "../wire/admin-messages.ts";
import type { Comparison, MemberInfo } from "./admin-api.ts";
import { askNode } from "./admin-call.ts";
import type { CallBounds } from "./leader-finder.ts";
import { belongsSomewhere, LeaderFinder } from "./leader-finder.ts";
import type { NetworkDialerOptions } from "./dialer.ts";

/** Longest wait for one member, ms. */
const answerMs = 2_000;

/** By the number of commands. */
type Digests = ReadonlyMap<number, string>;

/** Asks all members until there is a number of commands after which everybody who answers was seen, or the time is over. */
export async function compareMembers(options: NetworkDialerOptions, bounds: CallBounds): Promise<Comparison> {
  const finder = new LeaderFinder(options);
  const { report } = await finder.any(bounds, belongsSomewhere);
  const membership =
    report.type === "running" ? report.membership : refuse(`node ${report.id}: ${report.problem}`);
  const { members, historyId } = membership;
  const seen = new Map<string, Map<number, string>>();
  for (;;) {
    const answers = await Promise.all(members.map((member) => digestsOf(finder, member, historyId, bounds)));
    const answered = members.filter((_, position) => answers[position] !== null);
    for (const [position, points] of answers.entries()) {
      const id = members[position]?.id ?? "";
      const known = seen.get(id) ?? new Map<number, string>();
      for (const { commands, digest } of points ?? []) known.set(commands, digest);
      seen.set(id, known);
    }
    const commands = commonPoint(answered.map(({ id }) => seen.get(id) ?? new Map()));
    const isLate = options.host.clock.now() + answerMs >= bounds.untilMs;
    if (commands !== null || isLate) return comparison(members, answered, seen, commands);
    await finder.pause(bounds);
  }
}

function refuse(message: string): never {
  throw new FlotillaError("ERR_FLOTILLA_DAMAGED", message);
}

/** Null also of somebody else at its address, as with the data of another history: that holds other things. */
async function digestsOf(
  finder: LeaderFinder,
  { id, address, incarnation }: MemberInfo,
  historyId: string,
  bounds: CallBounds,
): Promise<readonly DigestPoint[] | null> {
  try {
    const report = await finder.report(address, bounds);
    if (report.type !== "running" || report.membership.historyId !== historyId) return null;
    if (report.id !== id || report.incarnation !== incarnation) return null;
    const reply = await askNode(finder.target(address, bounds, answerMs), { type: "digests" });
    return reply.type === "digests" ? reply.points : null;
  } catch (error) {
    if (!FlotillaError.is(error) || bounds.signal.aborted) throw error;
    return null;
  }
}

/** The latest point that all of them know. */
function commonPoint(all: readonly Digests[]): number | null {
  const [first, ...others] = all;
  const common = [...(first?.keys() ?? [])].filter((commands) => others.every((each) => each.has(commands)));
  return common.length === 0 ? null : Math.max(...common);
}

function comparison(
  members: readonly MemberInfo[],
  answered: readonly MemberInfo[],
  seen: ReadonlyMap<string, Digests>,
  commands: number | null,
): Comparison {
  const rows = members.map((member) => {
    const isSeen = commands !== null && answered.includes(member);
    const digest = isSeen ? (seen.get(member.id)?.get(commands) ?? null) : null;
    return { id: member.id, address: member.address, digest };
  });
  const digests = new Set(rows.flatMap(({ digest }) => (digest === null ? [] : [digest])));
  return { commands, members: rows, agree: digests.size === 1 };
}
