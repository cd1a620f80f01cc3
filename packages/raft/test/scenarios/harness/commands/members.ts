import type { MemberChange } from "../../../../src/core/config/apply-changes.ts";
import { incarnationOf } from "../../../core/member.ts";
import type { Arguments } from "../arguments.ts";
import { ScenarioError } from "../script.ts";
import type { World } from "../world.ts";
import { type Commands, running } from "./command.ts";

/** `+4` adds, `+4!` adds and promotes later, `^4` promotes, `v4` demotes, `-4` removes, `@4` moves. */
function changeOf(world: World, word: string): MemberChange {
  const [, sign, id, promote] = /^([+^v@-])(\d)(!?)$/.exec(word) ?? [];
  if (id === undefined) throw new ScenarioError(`${word} is no change`);
  if (sign === "^") return { type: "promote", id };
  if (sign === "v") return { type: "demote", id };
  if (sign === "-") return { type: "remove", id };
  if (sign === "@") return { type: "address", id, address: `${id}:2` };
  const { incarnation } = world.nodes.get(id)?.member ?? { incarnation: incarnationOf(id) };
  return { type: "add", id, address: `${id}:1`, incarnation, promote: promote === "!" };
}

function change(world: World, args: Arguments): void {
  const id = running(world, args);
  const version = args.optionCount("version") ?? null;
  const changes = args.rest().map((word) => changeOf(world, word));
  world.change(id, changes, version);
}

/** Who belongs to the cluster. */
export const members: Commands = { change };
