import type { World } from "../world/world.ts";

/**
 * What stands outside of the cluster, whatever clocks and processes do: nothing is let through that was sent by an earlier
 * holder than anything before, and nothing with an epoch that nobody was granted.
 */
export function judgeOutside(
  world: Pick<World, "findings"> & { readonly outside: Pick<World["outside"], "accepted"> },
  granted: ReadonlyMap<string, ReadonlySet<number>>,
): void {
  const highest = new Map<string, number>();
  for (const { object, epoch, by } of world.outside.accepted) {
    const resource = `${object} by ${by}`;
    const before = highest.get(resource) ?? 0;
    if (epoch < before)
      world.findings.later(
        "FencedOutside",
        `${resource} took a write of epoch ${epoch} after one of ${before}`,
      );
    if (granted.get(object)?.has(epoch) !== true)
      world.findings.later("FencedOutside", `${resource} took a write of epoch ${epoch}, which is no grant`);
    highest.set(resource, Math.max(before, epoch));
  }
}
