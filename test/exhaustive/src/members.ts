import type { Random } from "@flotilla/runtime";
import type { Configuration, Member } from "@flotilla/raft";

/** More lives than anybody has. */
const lives = 9;

/** What a joiner knows before it was contacted. */
export const nobody: Configuration = {
  index: 0,
  historyId: "",
  voters: [],
  outgoing: [],
  learners: [],
  leaseReads: false,
};

/** Names the data of a member; `wipes`: how often it lost all of it. */
export function incarnationOf(id: string, wipes: number = 0): string {
  return Buffer.from(`${id}${wipes}`.padEnd(16, "-")).toString("hex");
}

export function memberOf(id: string): Member {
  return { id, address: `${id}:1`, incarnation: incarnationOf(id) };
}

/** A configuration as a founded cluster has it, standing for what came before the log. */
export function founded(
  voters: readonly string[],
  learners: readonly string[],
  leaseReads: boolean,
): Configuration {
  return {
    ...nobody,
    leaseReads,
    historyId: "ab".repeat(16),
    voters: voters.map((id) => memberOf(id)),
    learners: learners.map((id) => ({ ...memberOf(id), promote: false })),
  };
}

/** The one that founders begin with: who they are is collected by the first election. */
export function founding(voters: readonly string[]): Configuration {
  return { ...nobody, voters: voters.map((id) => ({ ...memberOf(id), incarnation: "" })) };
}

/**
 * What a life draws: `wait` wherever it can be. A life's first numbers are below those of the one before: the harder
 * order, as what is compared with them seems to go back.
 */
export function drawsOf(life: number, wait: number): Random {
  return {
    u32: () => (lives - life) * 1000,
    below: (limit) => Math.min(wait, limit - 1),
    float: () => 0,
    bytes: (length) => new Uint8Array(length).fill(life + 1),
  };
}
