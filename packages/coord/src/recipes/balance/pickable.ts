import type { Instance } from "../registry/api.ts";

/** The first of these choices that has anybody. */
function firstOf(...choices: readonly (readonly Instance[])[]): readonly Instance[] {
  return choices.find((choice) => choice.length > 0) ?? [];
}

function inState(instances: readonly Instance[], state: Instance["state"]): readonly Instance[] {
  return instances.filter((instance) => instance.state === state);
}

/** Of the best state that anybody is in, in this zone if anybody is. */
function nearest(instances: readonly Instance[], zone: string | undefined): readonly Instance[] {
  const sound = firstOf(inState(instances, "passing"), inState(instances, "warning"));
  if (zone === undefined) return sound;
  return firstOf(
    sound.filter((one) => one.zone === zone),
    sound,
  );
}

/**
 * Those among whom one is picked: with a weight if anybody who can be picked has one, of the best state that anybody is
 * in, in this zone if anybody is.
 */
export function pickable(instances: readonly Instance[], zone: string | undefined): readonly Instance[] {
  const heavy = instances.filter(({ weight }) => weight > 0);
  return firstOf(
    nearest(heavy, zone),
    // Without any weight all are alike.
    nearest(instances, zone).map((instance) => ({ ...instance, weight: 1 })),
  );
}
