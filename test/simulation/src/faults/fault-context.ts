import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { Fault } from "../plan/plan.ts";
import type { World } from "../world/world.ts";

/** What a fault has at hand when it fires. */
export interface Firing {
  readonly world: World;
  readonly fault: Fault;
  /** Keyed by the fault alone. */
  readonly random: KeyedRandom;
  /** False once everything is healed: then nothing may be harmed any more. */
  readonly isOn: () => boolean;
  /** Runs when the fault is over: after its duration or `afterMs`, or when everything is healed. */
  readonly whenOver: (undo: () => void, afterMs?: number) => void;
}

/** Strikes; returns what was struck, or null when there was nothing to strike. */
export type Strike = (firing: Firing) => string | null;

/** A number among the arguments. */
export function numberArg({ args }: Fault, name: string, fallback: number): number {
  const value = args[name];
  return typeof value === "number" ? value : fallback;
}

/** A flag among the arguments. */
export function flagArg({ args }: Fault, name: string): boolean {
  return args[name] === true;
}

/** A text among the arguments. */
export function textArg({ args }: Fault, name: string): string {
  const value = args[name];
  return typeof value === "string" ? value : "";
}
