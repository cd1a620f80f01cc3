import type { SimNode } from "@flotilla/runtime/sim";
import type { Firing } from "./fault-context.ts";
import { numberArg } from "./fault-context.ts";
import { resolve } from "./targets.ts";

/** How far monotonic clocks may run off. */
const driftBound = 0.02;

/** Clocks run fast or slow, within the bound that leases allow for. */
export function drift({ world, fault, random, whenOver }: Firing): string | null {
  const struck = fault.target === "all" ? null : resolve(world, fault.target, random);
  if (fault.target !== "all" && struck === null) return null;
  const machines: SimNode[] = struck === null ? world.kernel.nodes() : [struck.machine];
  for (const machine of machines) {
    // The ends of the range are where it breaks.
    const draw = random.chance(0.6) ? (random.chance(0.5) ? 1 : -1) : random.float() * 2 - 1;
    machine.clock.setRate(1 + driftBound * draw);
  }
  whenOver(() => {
    for (const machine of machines) machine.clock.setRate(1);
  });
  return struck?.machine.name ?? "all";
}

/**
 * The monotonic clock of a client's own machine runs slow, further off than leases allow for. The wall clock stands, or it
 * would tell that something is wrong.
 */
export function driftBeyond({ world, fault, random, whenOver }: Firing): string | null {
  const machine = resolve(world, fault.target, random)?.client?.machine ?? null;
  if (machine === null) return null;
  machine.clock.setRate(1 - numberArg(fault, "by", 0.3));
  machine.clock.freezeWall();
  whenOver(() => {
    machine.clock.setRate(1);
    machine.clock.thawWall();
  });
  return machine.name;
}

/** Somebody sets the wall clock. */
export function wallJump({ world, fault, random }: Firing): string | null {
  const struck = resolve(world, fault.target, random);
  if (struck === null) return null;
  struck.machine.clock.jumpWall(numberArg(fault, "byMs", 1000));
  return struck.machine.name;
}
