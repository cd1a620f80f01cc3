import type { Parcel } from "./act.ts";
import { startOf } from "./explore.ts";
import type { Core } from "./load-core.ts";
import type { Scope } from "./scope.ts";
import type { View } from "./view.ts";
import { World } from "./world.ts";

function describeMember({ id, role, term, leader, commit, terms, stored, durable, isBusy }: View): string {
  const log = `log ${terms.items.join(",")} from ${terms.first}, ${stored.items.length} stored`;
  const vote = `durable term ${durable.term} vote ${durable.vote ?? "-"}`;
  return `  ${id}: ${role} of term ${term}, leader ${leader ?? "-"}, commit ${commit}, ${log}, ${vote}${isBusy ? ", writing" : ""}`;
}

function describeParcel({ from, to, message }: Parcel): string {
  const text = JSON.stringify(message, (key, value: unknown) =>
    key === "frame" || key === "payload" || key === "timeMs" ? undefined : value,
  );
  return `    ${from}>${to} ${text}`;
}

/**
 * Does what a schedule says, telling of each step.
 * @returns true when nothing was broken
 * @throws RangeError when a step cannot be done
 */
export function replay(
  scope: Scope,
  core: Core,
  schedule: readonly string[],
  print: (line: string) => void,
): boolean {
  const world = new World(scope, core);
  let state = startOf(world);
  for (const member of world.ids.keys()) print(describeMember(world.view(state, member)));
  for (const text of schedule) {
    const choice = world.choices.find((one) => one.text === text);
    if (choice === undefined || !world.isPossible(state, choice))
      throw new RangeError(`cannot be done: ${text}`);
    const { state: next, deeds, violation } = world.take(state, choice);
    state = next.slice();
    print(text);
    for (const { outcome } of deeds)
      for (const parcel of outcome.sent) print(describeParcel(world.locals.parcel(parcel)));
    for (const member of new Set(deeds.map((deed) => deed.member)))
      print(describeMember(world.view(state, member)));
    if (violation === null) continue;
    print(`${violation.invariant}: ${JSON.stringify(violation.facts)}`);
    return false;
  }
  return true;
}
