import type { Mutant } from "../mutant.ts";
import { budgets } from "./budgets.ts";
import { counting } from "./counting.ts";
import { disk } from "./disk.ts";
import { elections } from "./elections.ts";
import { heldThings } from "./holding.ts";
import { leases } from "./leases.ts";
import { membership } from "./membership.ts";
import { pitfalls } from "./pitfalls.ts";
import { replication } from "./replication.ts";
import { requests } from "./requests.ts";
import { sharedWork } from "./sharing.ts";
import { sessions } from "./sessions.ts";
import { snapshots } from "./snapshots.ts";
import { transport } from "./transport.ts";
import { treeRules } from "./tree.ts";
import { watches } from "./watches.ts";

/** Every mutant there is. */
export const mutants: readonly Mutant[] = [
  ...elections,
  ...replication,
  ...snapshots,
  ...membership,
  ...leases,
  ...disk,
  ...transport,
  ...treeRules,
  ...budgets,
  ...requests,
  ...sessions,
  ...watches,
  ...heldThings,
  ...sharedWork,
  ...counting,
  ...pitfalls,
];

/** Those that die within seconds: what CI runs each time. */
export const smoke: readonly string[] = [
  "R01",
  "R03",
  "R11",
  "R20",
  "R26",
  "R27",
  "R29",
  "S04",
  "S06",
  "S11",
  "D01",
  "D09",
];
