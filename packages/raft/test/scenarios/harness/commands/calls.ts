import type { Arguments } from "../arguments.ts";
import { describeLog, describeNode } from "../describe.ts";
import type { World } from "../world.ts";
import { type Commands, nodesIn, running } from "./command.ts";

function propose(world: World, args: Arguments): void {
  const id = running(world, args);
  world.propose(id, args.rest(), args.optionCount("term") ?? null);
}

function read(world: World, args: Arguments): void {
  const id = running(world, args);
  world.read(id, args.flag("leader-only"));
}

function transfer(world: World, args: Arguments): void {
  const id = running(world, args);
  world.transfer(id, args.word() ?? null);
}

function status(world: World, args: Arguments): void {
  for (const id of nodesIn(world, args.word() ?? "all")) {
    for (const line of describeNode(world, id)) world.say(line);
  }
}

function log(world: World, args: Arguments): void {
  world.say(describeLog(world, args.need("a node")));
}

/** What callers ask of a node, and what can be seen of it. */
export const calls: Commands = { propose, read, transfer, status, log };
