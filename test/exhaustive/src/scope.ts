import type { MemberChange } from "@flotilla/raft";

/** What happens by itself, sooner or later. */
export type Free = "finish" | "install" | "deliver";

/** What happens only so often. */
export type Rare =
  /** A member hears no leader for so long that it tries to lead; others wait as long as calls for nothing. */
  | "timeout"
  /** A tick everywhere, and its time. */
  | "pass"
  /** A leader's heartbeats. */
  | "beat"
  /** A leader hears nobody for too long. */
  | "lapse"
  /** A member's next write takes its time. */
  | "hold"
  /** A process ends and starts again; a write under way reached the disk, or did not. */
  | "reboot"
  | "propose"
  | "read"
  | "transfer"
  | "change"
  /** A snapshot of what is applied, and the log before it is let go. */
  | "snapshot"
  /** A link ends with what is under way on it, and a new one stands. */
  | "relink"
  /** Nothing passes to or from a member any more, and what is under way is lost. */
  | "isolate"
  /** A member that was isolated has new links. */
  | "heal"
  /** All data is lost; a joiner of the same name starts in its place. */
  | "wipe"
  /** A message arrives before an older one. */
  | "overtake"
  | "drop"
  /** A message arrives and is still under way. */
  | "repeat";

export const frees: readonly Free[] = ["finish", "install", "deliver"];

export const rares: readonly Rare[] = [
  "timeout",
  "pass",
  "beat",
  "lapse",
  "hold",
  "reboot",
  "propose",
  "read",
  "transfer",
  "change",
  "snapshot",
  "relink",
  "isolate",
  "heal",
  "wipe",
  "overtake",
  "drop",
  "repeat",
];

/** Other members, under a name that choices are told by. */
export interface NamedChange {
  readonly name: string;
  readonly changes: readonly MemberChange[];
}

/** A small world, and how much may happen in it. */
export interface Scope {
  readonly name: string;
  /** What it is about, in a few words. */
  readonly title: string;
  readonly voters: readonly string[];
  readonly learners: readonly string[];
  /** Members that know nobody yet. */
  readonly joiners: readonly string[];
  /** True: nobody has written down who they are yet. */
  readonly founding: boolean;
  /** Leaders may answer reads on the strength of a lease. */
  readonly leases: boolean;
  /** Entries in one append at most. */
  readonly batch: number;
  /** How many ticks beyond the shortest each waits for a leader, where ticks pass; else nobody tries unless told to. */
  readonly waits: readonly number[];
  /** What is done first, by the texts of choices; after each, all that happens by itself happens. */
  readonly prologue: readonly string[];
  /** Who hears nothing of each other after that. */
  readonly cut: readonly (readonly [string, string])[];
  readonly changes: readonly NamedChange[];
  /** How often each may happen after that; what is not named never does. */
  readonly budget: Readonly<Partial<Record<Rare, number>>>;
  /**
   * Null: everything is tried in every order. Else what happens by itself happens in a fixed order, then the next of
   * these, or anything when there are none; up to `deviations` times something else does.
   */
  readonly script: readonly string[] | null;
  readonly deviations: number;
}
