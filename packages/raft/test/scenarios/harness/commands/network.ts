import type { Arguments } from "../arguments.ts";
import { ScenarioError } from "../script.ts";
import type { Selection } from "../wire.ts";
import { describe, type World } from "../world.ts";
import type { Commands } from "./command.ts";

/** One end of a link may be left open. */
const linkPattern = /^(\d?)->(\d?)$/;

function endsOf(word: string): Selection {
  const [, from, to] = linkPattern.exec(word) ?? [];
  if (from === undefined || to === undefined) throw new ScenarioError(`${word} is no link`);
  return { from: from === "" ? undefined : from, to: to === "" ? undefined : to };
}

/** `1->2`, `1->`, `->2` or nothing, then a count; `type=append`. At least one parcel must be meant. */
function selection(world: World, args: Arguments): Selection {
  const type = args.option("type");
  const word = args.word();
  const ends = word === undefined ? {} : endsOf(word);
  const chosen = { ...ends, type, count: args.count(Number.POSITIVE_INFINITY) };
  if (world.wire.find(chosen).length === 0) throw new ScenarioError("no such message is under way");
  return chosen;
}

function deliver(world: World, args: Arguments): void {
  world.deliver(selection(world, args));
}

function drop(world: World, args: Arguments): void {
  for (const parcel of world.wire.take(selection(world, args))) world.say(`lost ${describe(parcel)}`);
}

function duplicate(world: World, args: Arguments): void {
  const parcels = world.wire.find(selection(world, args));
  world.wire.putFirst(parcels.map((parcel) => ({ ...parcel })));
  for (const parcel of parcels) world.say(`twice ${describe(parcel)}`);
}

function reorder(world: World, args: Arguments): void {
  const [oldest, ...others] = world.wire.take(selection(world, args));
  const order = oldest === undefined ? others : [...others, oldest];
  world.wire.putFirst(order);
  for (const parcel of order) world.say(`under way ${describe(parcel)}`);
}

function partition(world: World, args: Arguments): void {
  const groups = args
    .rest()
    .join(" ")
    .split("|")
    .map((group) => group.trim().split(" "));
  const groupOf = (id: string): number => groups.findIndex((group) => group.includes(id));
  for (const a of world.ids) {
    for (const b of world.ids) if (a < b && groupOf(a) !== groupOf(b)) world.wire.cut(a, b);
  }
}

function heal(world: World): void {
  world.wire.joinAll();
}

function linkDown(world: World, args: Arguments): void {
  world.linkDown(args.need("a node"), args.need("a peer"), args.option("by"));
}

function linkUp(world: World, args: Arguments): void {
  world.linkUp(args.need("a node"), args.need("a peer"));
}

function giveUp(world: World, args: Arguments): void {
  const { from = "", to = "" } = endsOf(args.need("a link"));
  if (!world.giveUpTransfer(from, to)) throw new ScenarioError("no such transfer is under way");
}

/** What happens to messages and links. */
export const network: Commands = {
  deliver,
  drop,
  duplicate,
  reorder,
  partition,
  heal,
  "link-down": linkDown,
  "link-up": linkUp,
  "give-up": giveUp,
};
