import type { Arguments } from "../arguments.ts";
import { ScenarioError } from "../script.ts";
import type { World } from "../world.ts";
import { type Commands, nodesIn, running } from "./command.ts";

/** Far more than any honest exchange takes. */
const maxRounds = 200;

function draws(world: World, args: Arguments): void {
  world.get(args.need("a node")).draws.draw = args.count(0);
}

function campaign(world: World, args: Arguments): void {
  const id = running(world, args);
  const { raft } = world.get(id).member;
  const { term, role } = raft;
  if (role !== "follower") throw new ScenarioError(`node ${id} is ${role}`);
  let ticks = 0;
  while (raft.role === role && raft.term === term) {
    if (ticks === 3 * world.electionTicks) throw new ScenarioError(`node ${id} never campaigns`);
    world.tick(id);
    ticks += 1;
  }
  world.say(`after ${ticks} ticks`);
}

function tick(world: World, args: Arguments): void {
  const ids = nodesIn(world, args.need("a node"));
  for (let left = args.count(1); left > 0; left -= 1) for (const id of ids) world.tick(id);
}

function wake(world: World, args: Arguments): void {
  const id = running(world, args);
  const { member } = world.get(id);
  const passedMs = args.count(0);
  member.nowMs += passedMs;
  member.wallMs += passedMs;
  world.turn(id, [{ type: "wake" }]);
}

function settleAmong(world: World, ids: readonly string[]): void {
  for (let round = 0; round < maxRounds; round += 1) {
    let moved = false;
    for (const to of ids) for (const from of ids) moved = world.deliver({ from, to }) > 0 || moved;
    for (const id of ids) moved = world.persist(id) || moved;
    for (const id of ids) moved = world.apply(id) || moved;
    if (!moved) return;
  }
  throw new ScenarioError("this never settles");
}

function settle(world: World, args: Arguments): void {
  settleAmong(world, nodesIn(world, args.word() ?? "all"));
}

function elect(world: World, args: Arguments): void {
  campaign(world, args);
  settleAmong(world, world.ids);
}

function pass(world: World, args: Arguments): void {
  for (let left = args.count(1); left > 0; left -= 1) {
    for (const id of world.ids) world.tick(id);
    settleAmong(world, world.ids);
  }
}

/** The passage of time, and what goes on by itself in it. */
export const time: Commands = { draws, campaign, tick, wake, settle, elect, pass };
