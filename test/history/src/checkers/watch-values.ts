import { Findings } from "./report.ts";
import type { CheckReport } from "./report.ts";
import type { WatchStream } from "./watch-complete.ts";
import { byPlace } from "./watch-filter.ts";
import type { CommittedEvent, SeenNode } from "./watch-filter.ts";

export interface WatchValuesInput {
  /** Every committed change from the first on, with its node. */
  readonly log: readonly CommittedEvent[];
  readonly watches: readonly ValuedStream[];
}

export interface ValuedStream extends WatchStream {
  /** False: its values were to come empty. Default true. */
  readonly values?: boolean;
}

interface Around {
  readonly node: SeenNode | null;
  readonly previous: SeenNode | null;
}

/**
 * An event shows its node as the change left it, and with `previous` as the change before it had. Events that never
 * happened are told of by `watchComplete`.
 */
export function watchValues({ log, watches }: WatchValuesInput): CheckReport {
  const findings = new Findings();
  const around = statesAround(log);
  for (const watch of watches) checkStream(watch, around, findings);
  return findings.report();
}

function checkStream(watch: ValuedStream, around: ReadonlyMap<string, Around>, findings: Findings): void {
  const shown = (node: SeenNode | null): SeenNode | null =>
    node === null || watch.values !== false ? node : { ...node, value: "" };
  for (const item of watch.delivered) {
    const expected = item.kind === "event" ? around.get(keyOf(item)) : undefined;
    if (item.kind !== "event" || expected === undefined) continue;
    findings.checked(1);
    if (item.node !== undefined && !isSame(item.node, shown(expected.node)))
      findings.add("node", "an event shows another node than its change made", item, expected);
    if (item.previous !== undefined && !isSame(item.previous, shown(expected.previous)))
      findings.add(
        "previous",
        "an event shows another node before its change than there was",
        item,
        expected,
      );
  }
}

function statesAround(log: readonly CommittedEvent[]): ReadonlyMap<string, Around> {
  const around = new Map<string, Around>();
  const last = new Map<string, SeenNode | null>();
  for (const event of log.toSorted(byPlace)) {
    const node = event.node ?? null;
    around.set(keyOf(event), { node, previous: last.get(event.path) ?? null });
    last.set(event.path, node);
  }
  return around;
}

function keyOf({ revision, ordinal }: CommittedEvent): string {
  return `${revision}/${ordinal}`;
}

function isSame(a: SeenNode | null, b: SeenNode | null): boolean {
  if (a === null || b === null) return a === b;
  return a.mzxid === b.mzxid && a.version === b.version && a.value === b.value;
}
