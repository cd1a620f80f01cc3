import type { Group, GroupChange, GroupMembership } from "@flotilla/coord/client";
import { changesFold } from "@flotilla/history";
import { FlotillaError } from "@flotilla/runtime";
import { instancesText } from "../actors/followed.ts";
import { groupName } from "../actors/paths.ts";
import type { Part } from "./part.ts";
import { came, inRounds, look, pause } from "./part.ts";

/** Ids that several want. */
const sharedIds = 2;

/** Joins a group, tells this and that of itself, sees who else is there, and leaves, or leaves that to its session. */
export async function playGroup(part: Part): Promise<void> {
  const { actor, coord, follows } = part;
  const group = coord.group(groupName);
  follows.add("group", async (show, signal) => {
    const changes: GroupChange[] = [];
    for await (const change of group.watch({ signal })) {
      changes.push(change);
      show(instancesText(change.members));
    }
    for (const { message } of changesFold(changes).violations)
      actor.world.findings.now("FollowersTrue", `changes of the group: ${message}`);
  });
  await inRounds(part, () => belong(part, group));
}

async function belong(part: Part, group: Group): Promise<void> {
  const { actor, random, ending } = part;
  const id = random.chance(0.6) ? { id: `shared-${random.below(sharedIds)}` } : {};
  await pause(part, 50, 800);
  let membership: GroupMembership;
  try {
    membership = await group.join({ from: actor.name }, { ...id, timeoutMs: 4000 });
  } catch (error) {
    if (!FlotillaError.is(error, "ERR_FLOTILLA_EXISTS")) throw error;
    return;
  }
  came(part, "group/joined");
  for (let rounds = 1 + random.below(5); rounds > 0 && !ending.aborted; rounds -= 1) {
    await pause(part, 100, 1500);
    if (random.chance(0.5)) await membership.update({ round: String(rounds) }, { timeoutMs: 3000 });
    await look(part, "group", async () => instancesText(await group.members({ timeoutMs: 3000 })));
  }
  // Some are left to the session.
  if (random.chance(0.8)) await membership.leave({ timeoutMs: 3000 });
}
