import type { Barrier, BarrierRound, DoubleBarrier } from "@flotilla/coord/client";
import { sleep } from "../actors/actor.ts";
import type { Part } from "./part.ts";
import { believe, came, inRounds, look, pause } from "./part.ts";

/** Under these names everybody meets. */
export const meetingName = "meeting";
export const gateName = "gate";
export const parties = 2;
/** Of each latch, one of which comes after the other. */
export const latchCount = 4;

/** Begins and ends rounds together with others, counts latches down, and sets, lifts and waits for a barrier. */
export async function playBarriers(part: Part): Promise<void> {
  const { coord, random } = part;
  const meeting = coord.doubleBarrier(meetingName, { parties });
  const work = [inRounds(part, () => meet(part, meeting))];
  if (random.chance(0.5)) work.push(inRounds(part, () => countDown(part)));
  else work.push(inRounds(part, () => passGate(part, coord.barrier(gateName))));
  await Promise.all(work);
}

async function meet(part: Part, meeting: DoubleBarrier): Promise<void> {
  const { actor, coord, random, ending } = part;
  await pause(part, 0, 1500);
  const timeoutMs = random.chance(0.5) ? Number.POSITIVE_INFINITY : 500 + random.below(6000);
  const round = await meeting.enter({ timeoutMs, signal: ending });
  const { epoch, index } = round;
  actor.world.ledger.plays.entries.push({ session: coord.session.id, epoch, index });
  came(part, "barrier/entered");
  believe(part, round, meetingName, parties);
  await sleep(actor, random.below(random.chance(0.1) ? 2 * actor.ttlMs : 500));
  actor.world.beliefs.givenUp(round);
  await leave(part, round);
}

/** Some do not wait for the others. */
async function leave({ actor, random }: Part, round: BarrierRound): Promise<void> {
  if (random.chance(0.2)) return round.release({ timeoutMs: 3000 });
  await round.leave({ timeoutMs: 10_000 });
  const { golden, ledger } = actor.world;
  ledger.plays.leaves.push({ epoch: round.epoch, revision: golden.revision });
}

/** Until the latch is open that is open next. */
async function countDown(part: Part): Promise<void> {
  const { actor, coord, random, ending } = part;
  const { golden, ledger } = actor.world;
  const { openLatches, counted } = ledger.plays;
  const name = `latch-${openLatches.length}`;
  const latch = coord.latch(name, { count: latchCount });
  const opened = latch.wait({ signal: ending }).then(() => {
    openLatches.push({ name, revision: golden.revision });
    came(part, "latch/opened");
  });
  const waiting = { isOver: false };
  const over = (): void => {
    waiting.isOver = true;
  };
  opened.then(over, over);
  while (!waiting.isOver) {
    await pause(part, 200, 1500);
    const key = `key-${random.below(latchCount)}`;
    const isFirst = await latch.countDown({ key, timeoutMs: 3000 });
    if (isFirst) counted.push({ name, key, session: coord.session.id });
  }
  await opened;
}

async function passGate(part: Part, gate: Barrier): Promise<void> {
  const { random, ending } = part;
  await pause(part, 0, 1500);
  const within = { timeoutMs: 3000, signal: ending };
  switch (random.below(4)) {
    case 0:
      await gate.set({ timeoutMs: 3000, ephemeral: random.chance(0.3) });
      return;
    case 1:
      await gate.lift({ timeoutMs: 3000 });
      return;
    case 2:
      return look(part, gateName, async () => gateText(await gate.isSet({ timeoutMs: 3000 })));
    default:
      return look(part, gateName, async () => {
        await gate.wait(within);
        return gateText(false);
      });
  }
}

/** A barrier as text. */
export function gateText(isSet: boolean): string {
  return isSet ? "set" : "lifted";
}
