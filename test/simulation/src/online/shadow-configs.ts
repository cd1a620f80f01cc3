import type { AppendTask, Configuration, Entry, Index, Learner, Member } from "@flotilla/raft";
import { decode, readArray, readBoolean, readList, readString } from "@flotilla/runtime";

const mostMembers = 64;
const maxBytes = 300;

function member(value: unknown): Member {
  const [id, address, incarnation] = readArray(value, "member", 3, 4);
  return {
    id: readString(id, "id", maxBytes),
    address: readString(address, "address", maxBytes),
    incarnation: readString(incarnation, "incarnation", maxBytes),
  };
}

function learner(value: unknown): Learner {
  const promote = readBoolean(readArray(value, "learner", 4, 4)[3], "promote");
  return { ...member(value), promote };
}

/** Reads the configuration in an entry apart from the code that wrote it. */
export function configurationIn({ index, payload }: Entry): Configuration {
  const [history, voters, outgoing, learners, leaseReads] = readArray(decode(payload), "configuration", 5, 5);
  return {
    index,
    historyId: readString(history, "history", maxBytes),
    voters: readList(voters, "voters", mostMembers, member),
    outgoing: readList(outgoing, "outgoing", mostMembers, member),
    learners: readList(learners, "learners", mostMembers, learner),
    leaseReads: readBoolean(leaseReads, "lease reads"),
  };
}

/** The configurations in one node's log, as they were handed to the disk. */
export class ShadowConfigs {
  #items: Configuration[] = [];

  /** Undefined when none is known, as after a snapshot. */
  get newest(): Configuration | undefined {
    return this.#items.at(-1);
  }

  /** What stands in the log, oldest first. */
  get all(): readonly Configuration[] {
    return this.#items;
  }

  recover(configurations: readonly Configuration[]): void {
    this.#items = [...configurations];
  }

  take({ reset, truncateFrom, entries }: AppendTask): void {
    if (reset !== null) this.#items = [];
    if (truncateFrom !== null) this.#items = this.#items.filter(({ index }) => index < truncateFrom);
    for (const entry of entries) if (entry.kind === "config") this.#items.push(configurationIn(entry));
  }

  /** The number that stand above an index. */
  above(index: Index): number {
    return this.#items.filter((config) => config.index > index).length;
  }
}
