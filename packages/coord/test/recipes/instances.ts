import type { Instance, InstanceChange } from "../../src/recipes/registry/api.ts";

/** What the changes alone make of an empty set. */
export function folded(changes: readonly InstanceChange[]): readonly Instance[] {
  const instances = new Map<string, Instance>();
  for (const { added, changed, removed } of changes) {
    for (const { id } of removed) instances.delete(id);
    for (const instance of [...added, ...changed]) instances.set(instance.id, instance);
  }
  return [...instances.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
