import type { World } from "../world/world.ts";

/** A write behind a fence never takes effect once a later holder was granted. */
export function judgeFences(world: World): void {
  const epochs = new Map<string, number[]>();
  for (const { object, epoch, places } of world.beliefs.byAssert()) {
    // Where several hold at once, a later grant takes nothing from an earlier one.
    if (places === 1) epochs.set(object, [...(epochs.get(object) ?? []), epoch]);
  }
  for (const { object, epoch, revision } of world.ledger.fenced) {
    const later = (epochs.get(object) ?? []).find((other) => other > epoch && other <= revision);
    if (later === undefined) continue;
    world.findings.later(
      "SingleHolder",
      `a write of ${object} behind the fence of epoch ${epoch} took effect at ${revision}, after the grant of epoch ${later}`,
    );
  }
}
