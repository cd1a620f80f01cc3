import { FlotillaError, type Random } from "@flotilla/runtime";
import type { Picker, Strategy } from "./api.ts";
import type { Chooser } from "./chooser.ts";
import { consistentHash } from "./consistent-hash.ts";
import { leastBusy } from "./least-busy.ts";
import { byChance } from "./random.ts";
import { roundRobin } from "./round-robin.ts";
import { sticky } from "./sticky.ts";
import { twoChoices } from "./two-choices.ts";
import { weighted } from "./weighted.ts";

const strategies: Readonly<Record<Strategy, (random: Pick<Random, "float">) => Chooser>> = {
  "round-robin": roundRobin,
  weighted,
  random: byChance,
  "two-choices": twoChoices,
  "least-busy": leastBusy,
  "consistent-hash": consistentHash,
  sticky: (random) => sticky(twoChoices(random)),
};

/** What picks by that strategy. */
export function pickerOf(pick: Strategy | Picker, random: Pick<Random, "float">): Chooser {
  return typeof pick === "function" ? (candidates, key) => pick(candidates, key) : strategies[pick](random);
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function requirePicker(pick: Strategy | Picker): void {
  if (typeof pick === "function" || Object.hasOwn(strategies, pick)) return;
  const known = Object.keys(strategies).join(", ");
  throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", `pick: expected a function or one of ${known}`);
}
