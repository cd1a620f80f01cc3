import type { Mutant } from "../mutant.ts";
import { cronClaim, takenItem } from "./files.ts";

/** Work that members share: queues and schedules. */
export const sharedWork: readonly Mutant[] = [
  {
    id: "C21",
    severity: 1,
    title: "an item whose claim is gone counts as acknowledged",
    killer: "test whatever people and machines do, every item is had by one at a time and acknowledged once",
    edits: [
      { file: takenItem, find: "    this.assert();\n    if (way", replace: "    if (way" },
      {
        file: takenItem,
        find: '      throw isGone(error) ? this.#lost("its claim is gone", error) : error;\n',
        replace: "      if (!isGone(error)) throw error;\n",
      },
    ],
  },
  {
    id: "C24",
    severity: 2,
    title: "a tick is run by whoever believes that it is due, also when another one has taken it up",
    killer: "test whatever people and machines do, no tick is run twice or left out",
    edits: [
      {
        file: cronClaim,
        find: '    if (FlotillaError.is(error, "ERR_FLOTILLA_BAD_VERSION")) return "moved";\n    if',
        replace:
          '    if (FlotillaError.is(error, "ERR_FLOTILLA_BAD_VERSION")) return { ...claim, epoch: 0, number, startedMs: 0 };\n    if',
      },
    ],
  },
];
