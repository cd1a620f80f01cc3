import type { Configuration, LogId } from "@flotilla/raft";
import type { Draw } from "./draw.ts";

/** What whoever speaks to a node might know of it. */
export interface View {
  readonly term: number;
  readonly leads: boolean;
  readonly leader: string | null;
  /** Whom it voted for in this term. */
  readonly vote: string | null;
  readonly last: LogId;
  readonly commit: number;
  /** Term of an entry; null when it is not there. */
  readonly termAt: (index: number) => number | null;
  readonly configuration: Configuration;
  /** What it has just handed to its leader; null when something happened since. */
  readonly forwarded: { readonly firstId: number; readonly count: number } | null;
}

/** What a payload begins with that the state machine could not apply. */
export const notAccepted = 0xff;

export const self = "b";
export const peers = ["a", "c"] as const;

export function incarnationOf(id: string): string {
  return Buffer.from(id.padEnd(16, "-")).toString("hex");
}

function memberNamed(id: string): Configuration["voters"][number] {
  return { id, address: `${id}:1`, incarnation: incarnationOf(id) };
}

const voters = ["a", "b", "c"].map((id) => memberNamed(id));
const more = ["a", "b", "c", "d"].map((id) => memberNamed(id));
const learners = [{ ...memberNamed("d"), promote: true }];

/** The configuration that every fuzzed node begins with. */
export const configuration: Configuration = {
  index: 0,
  historyId: "ab".repeat(16),
  voters,
  outgoing: [],
  learners: [],
  leaseReads: false,
};

/** Configurations that may come after it: with a learner, with a voter more at once, joint, and with leases. */
export const successors: readonly [Configuration, ...Configuration[]] = [
  { ...configuration, learners },
  { ...configuration, voters: more },
  { ...configuration, voters: more, outgoing: voters },
  { ...configuration, leaseReads: true },
];

/** A number around `at`, not below `least`. */
export function near(draw: Draw, at: number, least = 0): number {
  return Math.max(least, at + draw.between(-2, 2));
}

/** A fixed view, for targets without a node. */
export const someView: View = {
  term: 7,
  leads: false,
  leader: "a",
  vote: null,
  last: { index: 40, term: 6 },
  commit: 30,
  termAt: (index) => (index > 40 ? null : Math.ceil(index / 7)),
  configuration,
  forwarded: null,
};
