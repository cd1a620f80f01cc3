import type { GroupChange, GroupMember } from "../../src/recipes/group/api.ts";

/** What the changes alone make of an empty group. */
export function foldedMembers(changes: readonly GroupChange[]): readonly GroupMember[] {
  const members = new Map<string, GroupMember>();
  for (const { joined, left, changed } of changes) {
    for (const { id } of left) members.delete(id);
    for (const member of [...joined, ...changed]) members.set(member.id, member);
  }
  return [...members.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
