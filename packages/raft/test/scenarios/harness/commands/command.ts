import type { Arguments } from "../arguments.ts";
import { ScenarioError } from "../script.ts";
import type { World } from "../world.ts";

/** What a command does to the world; it prints by way of `world.say`. */
export type Command = (world: World, args: Arguments) => void;

/** Commands by name. */
export type Commands = Readonly<Record<string, Command>>;

/** `all`, or nodes with commas between them. */
export function nodesIn(world: World, word: string): string[] {
  if (word === "all") return world.ids;
  const ids = word.split(",");
  for (const id of ids) world.get(id);
  return ids;
}

/** One node that is up. */
export function running(world: World, args: Arguments): string {
  const id = args.need("a node");
  if (!world.get(id).member.up) throw new ScenarioError(`node ${id} is down`);
  return id;
}
