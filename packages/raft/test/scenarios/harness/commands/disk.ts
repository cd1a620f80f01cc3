import type { Arguments } from "../arguments.ts";
import { ScenarioError } from "../script.ts";
import type { World } from "../world.ts";
import { type Command, type Commands, nodesIn, running } from "./command.ts";

function given(world: World, args: Arguments): void {
  const node = world.get(args.need("a node"));
  const terms = args.need("terms").split(",").map(Number);
  const term = args.optionCount("term") ?? terms.at(-1) ?? 0;
  node.startWith(terms, term, args.optionCount("commit") ?? 0);
  world.invariants.ended(node.member);
  world.begin(node);
}

/** Node by node; something has to happen at one of them. */
function forEachDoing(what: string, act: (world: World, id: string) => boolean): Command {
  return (world, args) => {
    const done = nodesIn(world, args.need("a node")).map((id) => act(world, id));
    if (!done.includes(true)) throw new ScenarioError(`there is nothing to ${what}`);
  };
}

function write(world: World, args: Arguments): void {
  const node = world.get(running(world, args));
  if (node.member.task === null) throw new ScenarioError("no write is under way");
  node.unsynced = node.member.task;
}

function crash(world: World, args: Arguments): void {
  const id = running(world, args);
  const noticed = args.flag("noticed");
  world.stop(world.get(id));
  if (!noticed) return;
  for (const other of world.ids) {
    if (other === id || world.wire.isCut(id, other)) continue;
    world.giveUpTransfer(other, id);
    world.turn(other, [{ type: "peer-down", peer: id, byPeer: true }]);
  }
}

function loseUnsynced(world: World, args: Arguments): void {
  const node = world.get(args.need("a node"));
  if (node.member.up || node.unsynced === null) throw new ScenarioError("nothing unsynced can be lost");
  node.unsynced = null;
}

function restart(world: World, args: Arguments): void {
  const id = args.need("a node");
  if (world.get(id).member.up) throw new ScenarioError(`node ${id} is up`);
  world.restart(id);
}

function damage(world: World, args: Arguments): void {
  const { disk, up } = world.get(args.need("a node")).member;
  const from = args.count(1);
  if (up || from > disk.last.index) throw new ScenarioError("only a node that is down loses entries it has");
  disk.entries = disk.entries.filter(({ index }) => index < from);
}

function wipe(world: World, args: Arguments): void {
  const node = world.get(args.need("a node"));
  if (node.member.up) throw new ScenarioError("only a node that is down loses its data");
  node.wipe();
  world.invariants.ended(node.member);
}

function snapshot(world: World, args: Arguments): void {
  const id = running(world, args);
  world.snapshot(id, args.count(world.get(id).member.raft.applied));
}

function install(world: World, args: Arguments): void {
  world.install(running(world, args));
}

/** What happens to disks, state machines and processes. */
export const disk: Commands = {
  given,
  persist: forEachDoing("persist", (world, id) => world.persist(id)),
  apply: forEachDoing("apply", (world, id) => world.apply(id)),
  write,
  crash,
  "lose-unsynced": loseUnsynced,
  restart,
  damage,
  wipe,
  snapshot,
  install,
};
