import type { SimDisk } from "@flotilla/runtime/sim";
import { pick } from "../plan/draw.ts";
import type { World } from "../world/world.ts";
import type { Firing } from "./fault-context.ts";
import { numberArg, textArg } from "./fault-context.ts";
import { resolveServer } from "./targets.ts";

const logStore = "log";
const highWater = "high-water";
const identity = "identity";

/** Damage must leave a majority of members that never lost anything. */
function mayLoseAnother(world: World): boolean {
  const lost = world.servers.filter(({ isLost, view }) => isLost || view.tampered).length;
  return (lost + 1) * 2 < world.servers.length;
}

/** Kills a follower, damages what it wrote, and starts it again. */
function damage({ world, fault, random, whenOver }: Firing, harm: (disk: SimDisk) => boolean): string | null {
  if (!mayLoseAnother(world)) return null;
  const server = resolveServer(world, fault.target, random);
  if (server === null || server.view.life === 0 || server.state !== "up") return null;
  const { disk } = server.machine;
  // No power loss: the high-water mark must be as the process left it.
  server.kill();
  world.monitor.loses(server.view);
  server.view.tampered = harm(disk);
  whenOver(() => server.start());
  return server.view.tampered ? server.id : null;
}

/** Bits flip and blocks go missing in a store or a file, while nobody uses it. */
export function bitRot(firing: Firing): string | null {
  const { fault, random } = firing;
  const how = textArg(fault, "how");
  const count = numberArg(fault, "count", 1);
  return damage(firing, (disk) => {
    if (how === "block") return disk.loseBatches(logStore, count * 5, count) > 0;
    if (how === "file") {
      disk.flipFile(pick(random, disk.durableFiles()));
      return true;
    }
    const kind = how === "lose" || how === "unreadable" ? how : "flip";
    return disk.rotValues(logStore, count, kind).length > 0;
  });
}

/** What was promised durably is gone: cut short, emptied, put back to an older copy. */
export function lostData(firing: Firing): string | null {
  const { world, fault } = firing;
  const how = textArg(fault, "how");
  if (how === "roll-back") return rollBack(firing);
  const struck = damage(firing, (disk) => {
    if (how === "cut") return disk.cutStore(logStore, numberArg(fault, "count", 1)) > 0;
    if (how === "empty") disk.emptyStore(logStore);
    else if (how === "no-marker") disk.loseFile(identity);
    else disk.wipe();
    return true;
  });
  const server = world.servers.find(({ id }) => id === struck);
  // Its successor has the same name, and nothing else of it.
  if (how === "wipe" && server !== undefined) server.view.replaced = true;
  return struck;
}

/** The data directory as it was a while ago, but for the mark that tells how far it was. */
function rollBack(firing: Firing): string | null {
  const { world, fault, random, isOn } = firing;
  const server = mayLoseAnother(world) ? resolveServer(world, fault.target, random) : null;
  if (server === null || server.view.life === 0 || server.state !== "up") return null;
  const { disk } = server.machine;
  const old = disk.image();
  world.kernel.after(2000, () => {
    if (!isOn()) return;
    const again: Firing = { ...firing, fault: { ...fault, target: `node#${world.servers.indexOf(server)}` } };
    damage(again, () => {
      const mark = disk.shownFile(highWater);
      disk.restore(old);
      if (mark !== undefined) disk.putFile(highWater, mark);
      return true;
    });
  });
  return server.id;
}
