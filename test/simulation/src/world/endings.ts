import {
  clientsServed,
  isStranded,
  leadership,
  memberships,
  orphansExpired,
  sameState,
  settleWithin,
} from "./convergence.ts";
import { PlaysAtRest } from "./plays-at-rest.ts";
import { unsettled } from "./resources.ts";
import type { World } from "./world.ts";

/** Virtual time within which a cluster that nothing disturbs must have come to rest. */
const convergenceMs = 30_000;
const closingMs = 30_000;
const poisonMs = 30_000;
/** How long members go on after the poison, from one start to the next. */
const crashLoopMs = 10_000;
const poisonRetryMs = 3000;

/** Faults are over: one leader, everybody served, the leases of the dead expired, and then at rest. */
export async function rest(world: World): Promise<void> {
  const sinceMs = world.kernel.nowMs;
  const plays = new PlaysAtRest(world);
  const missing = await settleWithin(world, convergenceMs, () => [
    ...leadership(world),
    ...memberships(world),
    ...plays.missing(),
    ...clientsServed(world, sinceMs),
    ...orphansExpired(world),
  ]);
  for (const one of missing) world.findings.now("Convergence", one);
  const term = world.leader?.view.soft.term;
  if (!world.findings.isBroken()) await clientsEnd(world);
  if (world.findings.isBroken()) return;
  const now = world.leader?.view.soft.term;
  if (now !== term)
    world.findings.now(
      "CalmLeadership",
      `the term went from ${String(term)} to ${String(now)} although nothing disturbs`,
    );
}

/** Clients end in order, then the state comes to rest, and nothing waits any more. */
async function clientsEnd(world: World): Promise<void> {
  world.stopClients();
  const clients = world.clients.filter(({ isDead, plan }) => !isDead && !isStranded(world, plan.embeddedIn));
  const busy = await settleWithin(world, closingMs, () => [
    ...clients.filter(({ isDone }) => !isDone).map(({ id }) => `${id} does not come to an end`),
    ...world.sound
      .filter(({ node }) => node?.users?.isDone === false)
      .map(({ id }) => `users at ${id} do not come to an end`),
  ]);
  for (const one of busy) world.findings.now("Convergence", one);
  if (world.findings.isBroken()) return;
  const unlike = await settleWithin(world, convergenceMs, () => [
    ...leadership(world),
    ...memberships(world),
    ...sameState(world),
  ]);
  for (const one of unlike) world.findings.now("Convergence", one);
  if (world.findings.isBroken()) return;
  for (const one of await settleWithin(world, closingMs, () => unsettled(world)))
    world.findings.now("Resources", one);
}

/** What becomes of the members in the end. */
export async function end(world: World): Promise<void> {
  if (world.plan.config.ending === "poison") await endByPoison(world);
  else await closeAll(world);
}

async function closeAll(world: World): Promise<void> {
  for (const server of world.servers) {
    server.close((timers) => {
      // Clients within a member that was lost still wait for it.
      if (timers > 0 && !server.isLost)
        world.findings.now("Resources", `${server.id} closed and left ${timers} timers behind`);
    });
  }
  const open = await settleWithin(world, closingMs, () =>
    world.servers.filter(({ machine }) => machine.isRunning).map(({ id }) => `${id} does not close`),
  );
  for (const one of open) world.findings.now("Convergence", one);
}

/** A command comes whose apply throws: whoever gets that far stops, however often it starts again. */
async function endByPoison(world: World): Promise<void> {
  const { poison } = world;
  let askedMs = Number.NEGATIVE_INFINITY;
  const missing = await settleWithin(world, poisonMs, () => {
    if (poison.index === null && world.kernel.nowMs - askedMs > poisonRetryMs) {
      askedMs = world.kernel.nowMs;
      propose(world);
    }
    return poison.hasStopped ? [] : [`nobody was stopped by entry ${poison.index ?? "that never came"}`];
  });
  for (const one of missing) world.findings.now("FailStop", one);
  // Those that start again stop again, or find nobody to go on with.
  if (missing.length === 0) await world.kernel.run({ untilMs: world.kernel.nowMs + crashLoopMs });
  for (const server of world.servers) server.kill();
}

/** Nobody is told what became of it: whoever knows has stopped. */
function propose(world: World): void {
  const node = world.leader?.node;
  if (node === null || node === undefined) return;
  const asked = node.poison();
  asked.then(
    () => world.findings.now("FailStop", "the poison was answered"),
    () => {},
  );
}
