import type { Member } from "@flotilla/coord/node";
import type { HistoryWriter } from "@flotilla/history";
import type { Kernel } from "@flotilla/runtime/sim";
import type { BeliefBook } from "../actors/belief-book.ts";
import type { LeaseBook } from "../actors/lease-book.ts";
import type { Outside } from "../actors/outside.ts";
import type { Paths } from "../actors/paths.ts";
import type { StallBook } from "../actors/stall-book.ts";
import type { Monitor } from "../online/monitor.ts";
import type { RegisterBook } from "../registers/register-book.ts";
import type { Plan } from "../plan/plan.ts";
import type { Findings } from "./findings.ts";
import type { GoldenLog } from "./golden-log.ts";
import type { Moments } from "./moments.ts";
import type { Poison } from "./poison.ts";
import type { Ledger } from "../actors/ledger.ts";

/** What everything in one world shares. */
export interface WorldContext {
  readonly kernel: Kernel;
  readonly plan: Plan;
  readonly findings: Findings;
  readonly monitor: Monitor;
  readonly moments: Moments;
  readonly golden: GoldenLog;
  readonly poison: Poison;
  readonly history: HistoryWriter;
  readonly ledger: Ledger;
  readonly registers: RegisterBook;
  readonly paths: Paths;
  readonly outside: Outside;
  readonly beliefs: BeliefBook;
  readonly leases: LeaseBook;
  readonly stalls: StallBook;
  readonly founders: readonly Member[];
  /** Everybody who may ever be a member. */
  readonly members: readonly Member[];
  /** How members and clients get in. */
  readonly access: { readonly cluster: string; readonly secret?: string };
  /** Nothing disturbs any more. */
  readonly isCalm: () => boolean;
  /** Everybody was asked to come to an end. */
  readonly isStopping: () => boolean;
  /** Something threw that must not. */
  readonly crashed: (error: unknown) => void;
}
