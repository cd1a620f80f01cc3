import type { Instance } from "../registry/api.ts";

/** The first of these choices that has anybody. */
function firstOf(...choices: readonly (readonly Instance[])[]): readonly Instance[] {
  return choices.find((choice) => choice.length > 0) ?? [];
}

function inState(instances: readonly Instance[], state: Instance["state"]): readonly Instance[] {
  return instances.filter((instance) => instance.state === state);
}

/**
 * Those among whom one is picked: of the best state that anybody is in, in this zone if anybody is, and with a weight if
 * anybody has one.
 */
export function pickable(instances: readonly Instance[], zone: string | undefined): readonly Instance[] {
  const sound = firstOf(inState(instances, "passing"), inState(instances, "warning"));
  const near =
    zone === undefined
      ? sound
      : firstOf(
          sound.filter((one) => one.zone === zone),
          sound,
        );
  const heavy = near.filter(({ weight }) => weight > 0);
  // Without any weight all are alike.
  return firstOf(
    heavy,
    near.map((instance) => ({ ...instance, weight: 1 })),
  );
}
