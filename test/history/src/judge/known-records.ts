import type { BeliefRecord } from "../checkers/beliefs.ts";
import type { CounterRecord } from "../checkers/counter-exact.ts";
import type { FencedRecord, GrantRecord } from "../checkers/fenced-order.ts";
import type { OwnedReadRecord, OwnedRecord } from "../checkers/owned-nodes.ts";
import type { QueueRecord } from "../checkers/queue-once.ts";
import { groupBy } from "../checkers/report.ts";
import type { SessionOpRecord } from "../checkers/session-fifo.ts";
import type { SetRecord } from "../checkers/set-complete.ts";
import type { ChainItem, ChainRecord } from "../checkers/watch-chain.ts";
import type { OtherRecord } from "../format/records.ts";

/** Told by a recursive watch. */
interface WatchRecord {
  readonly kind: "watch";
  readonly client: string;
  readonly session: string;
  readonly event: ChainItem;
}

/** A watch had to tell everything up to a revision. */
interface WatchEndRecord {
  readonly kind: "watch-end";
  readonly client: string;
  readonly session: string;
  readonly until: number;
}

interface Kinds {
  readonly "session-op": SessionOpRecord;
  readonly watch: WatchRecord;
  readonly "watch-end": WatchEndRecord;
  readonly belief: BeliefRecord;
  readonly grant: GrantRecord;
  readonly fenced: FencedRecord;
  readonly counter: CounterRecord;
  readonly queue: QueueRecord;
  readonly set: SetRecord;
  readonly owned: OwnedRecord;
  readonly "owned-read": OwnedReadRecord;
}

/** What a file holds besides operations, by kind, in file order. Their shape was checked when it was read. */
export class KnownRecords {
  readonly #byKind: ReadonlyMap<string, readonly unknown[]>;

  constructor(others: readonly OtherRecord[]) {
    this.#byKind = new Map(groupBy(others, ({ kind }) => kind));
  }

  of<K extends keyof Kinds>(kind: K): readonly Kinds[K][] {
    return (this.#byKind.get(kind) ?? []) as readonly Kinds[K][];
  }

  /** What each watch told, also one that had to and never did. */
  streams(): ChainRecord[] {
    return groupBy([...this.of("watch"), ...this.of("watch-end")], keyOf).flatMap(([, records]) => {
      const [first] = records;
      if (first === undefined) return [];
      const { client, session } = first;
      const items = records.flatMap((record) => (record.kind === "watch" ? [record.event] : []));
      const ends = records.flatMap((record) => (record.kind === "watch-end" ? [record.until] : []));
      const until = ends.length === 0 ? {} : { until: Math.max(...ends) };
      return [{ kind: "watch-stream", client, session, items, ...until } as const];
    });
  }
}

function keyOf({ client, session }: { readonly client: string; readonly session: string }): string {
  return JSON.stringify([client, session]);
}
