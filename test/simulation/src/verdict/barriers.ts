import { latchCount, parties } from "../plays/barriers.ts";
import { meetingBase, type Party, RoundReplay } from "../plays/round-replay.ts";
import type { World } from "../world/world.ts";

type Judged = Pick<World, "golden" | "findings" | "ledger">;

/** Nobody passes a barrier before all are there, or a latch before all is counted. */
export function judgeBarriers(world: Judged): void {
  judgeRounds(world);
  judgeLatches(world);
}

/** Places of a round, and at which revision each was left. */
interface BegunRound {
  readonly sessions: readonly (string | null)[];
  readonly left: Map<string, number>;
}

function judgeRounds(world: Judged): void {
  const tell = (message: string): void => world.findings.later("BarrierTogether", message);
  const rounds = begunRounds(world, tell);
  const seen = new Set<string>();
  for (const { epoch, index, session } of world.ledger.plays.entries) {
    if (rounds.get(epoch)?.sessions[index] !== session)
      tell(`${session} passed as number ${index} at ${epoch}, where no round began with it`);
    if (seen.has(`${epoch} ${index}`)) tell(`two passed as number ${index} at ${epoch}`);
    seen.add(`${epoch} ${index}`);
  }
  for (const { epoch, revision } of world.ledger.plays.leaves) {
    const left = [...(rounds.get(epoch)?.left.values() ?? [])];
    if (left.length < parties || left.some((each) => each > revision))
      tell(`somebody was told at ${revision} that all have left the round of ${epoch}`);
  }
}

function begunRounds({ golden }: Judged, tell: (message: string) => void): ReadonlyMap<number, BegunRound> {
  const replay = new RoundReplay();
  const rounds = new Map<number, BegunRound>();
  for (const command of golden.commands) {
    const events = command.events.filter(({ path }) => path.startsWith(meetingBase));
    if (events.length === 0) continue;
    const revision = events[0]?.revision ?? 0;
    const inside = [...replay.inside];
    const waiting = [...replay.waiting];
    replay.take(command);
    for (const { left } of rounds.values())
      for (const name of left.keys())
        if (left.get(name) === Number.POSITIVE_INFINITY && !replay.parties.has(name))
          left.set(name, revision);
    const { round } = replay;
    if (round?.epoch !== revision) continue;
    if (inside.length > 0)
      tell(`a round began at ${revision} while ${inside.join(", ")} were in the last one`);
    judgeBegin(round.names, waiting, replay.parties, (message) => tell(`at ${revision}: ${message}`));
    rounds.set(revision, {
      sessions: round.names.map((name) => replay.parties.get(name)?.session ?? null),
      left: new Map(round.names.map((name) => [name, Number.POSITIVE_INFINITY])),
    });
  }
  return rounds;
}

/** So many, who are all there, and came before all others. */
function judgeBegin(
  names: readonly string[],
  waiting: readonly Party[],
  present: ReadonlyMap<string, Party>,
  tell: (message: string) => void,
): void {
  if (new Set(names).size !== parties) tell(`a round began with ${names.length}`);
  for (const name of names) if (!present.has(name)) tell(`a round began with ${name}, who is not there`);
  const first = waiting.slice(0, parties).map(({ name }) => name);
  if (first.join(" ") !== names.join(" "))
    tell(`${names.join(" ")} began, and ${first.join(" ")} came before`);
}

function judgeLatches({ golden, findings, ledger }: Judged): void {
  const tell = (message: string): void => findings.later("LatchCounts", message);
  const keys = new Map<string, string | null>();
  const openedAt = new Map<string, number>();
  const counts = new Map<string, number>();
  for (const { events } of golden.commands) {
    for (const { path, type, by, revision } of events) {
      const [, root, name, key] = path.split("/");
      if (root !== "latch" || name === undefined || key === undefined || type !== "created") continue;
      keys.set(`${name} ${key}`, by);
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      if (count === latchCount) openedAt.set(name, revision);
    }
  }
  for (const { name, revision } of ledger.plays.openLatches)
    if ((openedAt.get(name) ?? Number.POSITIVE_INFINITY) > revision)
      tell(`${name} was open to somebody at ${revision}, before all was counted`);
  for (const { name, key, session } of ledger.plays.counted)
    if (keys.get(`${name} ${key}`) !== session) tell(`${key} of ${name} was not counted for ${session}`);
}
