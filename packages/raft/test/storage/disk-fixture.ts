import type { Host } from "@flotilla/runtime";
import { Kernel } from "@flotilla/runtime/sim";
import type { SimNode } from "@flotilla/runtime/sim";
import { encodeConfiguration } from "../../src/core/config/config-codec.ts";
import type { Configuration } from "../../src/core/config/configuration.ts";
import { encodeEntry } from "../../src/core/entry-codec.ts";
import type { Entry } from "../../src/core/entry.ts";
import type { AppendTask } from "../../src/core/ready.ts";
import type { Budget } from "../../src/core/log/window.ts";
import type { Index, Term } from "../../src/core/types.ts";
import { restoreAtOnce } from "../../src/node/restore-at-once.ts";
import type { Restoring, StateMachine } from "../../src/node/state-machine.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import type { Storage } from "../../src/storage/open-storage.ts";

export const founders = [
  { id: "a", address: "a:1" },
  { id: "b", address: "b:1" },
];

export const configuration: Configuration = {
  index: 1,
  historyId: "0".repeat(32),
  voters: founders.map(({ id, address }) => ({ id, address, incarnation: "1".repeat(32) })),
  outgoing: [],
  learners: [],
  leaseReads: false,
};

export function entry(index: Index, term: Term, text: string = `${index}@${term}`): Entry {
  const isConfig = index === 1;
  const payload = isConfig ? encodeConfiguration(configuration) : new TextEncoder().encode(text);
  return encodeEntry({ index, term, timeMs: 1000 + index, kind: isConfig ? "config" : "command", payload });
}

/** Entries `from` to `to` (included) of one term. */
export function entries(from: Index, to: Index, term: Term): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, k) => entry(from + k, term));
}

export function task(change: Partial<AppendTask>): Omit<AppendTask, "seq"> {
  return { reset: null, truncateFrom: null, entries: [], hardState: null, commit: 0, ...change };
}

/** The bytes of the snapshot it was restored from, and nothing else. */
class BareState implements Pick<StateMachine, "beginRestore"> {
  bytes: Uint8Array = new Uint8Array(0);

  beginRestore(): Restoring {
    return restoreAtOnce((bytes) => {
      this.bytes = bytes;
    });
  }
}

/** One machine with a disk on virtual time. */
export class DiskFixture {
  readonly kernel: Kernel;
  readonly machine: SimNode;
  readonly stateMachine = new BareState();
  host: Host;

  constructor(seed: number = 1) {
    this.kernel = new Kernel({ seed });
    this.machine = this.kernel.node("a");
    this.host = this.machine.start();
  }

  async open(
    change: { readonly cluster?: string; readonly id?: string; readonly founds?: boolean } = {},
  ): Promise<Storage> {
    const { cluster = "test", id = "a", founds = true } = change;
    const bootstrap = founds ? founders : undefined;
    const { host, stateMachine } = this;
    return this.kernel.until(openStorage({ host, cluster, id, bootstrap, stateMachine, onFailure }));
  }

  /** The same, while somebody else lets the world happen. */
  async openUnwatched(): Promise<Storage> {
    return openStorage({
      host: this.host,
      stateMachine: this.stateMachine,
      cluster: "test",
      id: "a",
      bootstrap: founders,
      onFailure,
    });
  }

  async run<T>(work: Promise<T>): Promise<T> {
    return this.kernel.until(work);
  }

  /** Loses what was not synced and starts the machine again. */
  powerLoss(): void {
    this.machine.crash({ powerOff: true });
    this.host = this.machine.start();
  }
}

function onFailure(): void {}

/** What every read gives at least. */
export const oneEntry = { maxBytes: 0, maxEntries: 1 };

/** Any number of entries of so many bytes. */
export function within(maxBytes: number): Budget {
  return { maxBytes, maxEntries: Number.POSITIVE_INFINITY };
}

/** All entries that can be read, as `index@term`. */
export function contents({ log }: Pick<Storage, "log">): string[] {
  const found: string[] = [];
  while (log.base.index + found.length < log.last.index) {
    const read = log.read(log.base.index + found.length + 1, oneEntry);
    if (read === "compacted") return found;
    for (const { index, term } of read) found.push(`${index}@${term}`);
  }
  return found;
}
