import { Findings } from "./report.ts";
import type { CheckReport } from "./report.ts";
import type { PlacedNode, WatchStream } from "./watch-complete.ts";
import { byPlace, scopeOf } from "./watch-filter.ts";
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
 * An event shows its node as the change left it, and with `previous` as the change before it had; a snapshot shows all
 * nodes in scope as they were at its revision, and no others. Events that never happened are told of by `watchComplete`.
 */
export function watchValues({ log, watches }: WatchValuesInput): CheckReport {
  const findings = new Findings();
  const around = statesAround(log);
  for (const watch of watches) {
    checkStream(watch, around, findings);
    checkSnapshots(watch, log, findings);
  }
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

function checkSnapshots(watch: ValuedStream, log: readonly CommittedEvent[], findings: Findings): void {
  const isInScope = scopeOf(watch);
  for (const item of watch.delivered) {
    if (item.kind !== "snapshot" || item.nodes === undefined) continue;
    findings.checked(1);
    const expected = nodesAt(log, item.revision, isInScope).map(({ path, node }) => ({
      path,
      node: watch.values === false ? { ...node, value: "" } : node,
    }));
    const shown = item.nodes.map(textOf);
    const due = expected.map(textOf);
    const missing = due.filter((text) => !shown.includes(text));
    const wrong = shown.filter((text, at) => !due.includes(text) || shown.indexOf(text) !== at);
    if (missing.length > 0 || wrong.length > 0)
      findings.add(
        "snapshot",
        `a snapshot at ${item.revision} shows ${wrong.length} nodes as they were not, and lacks ${missing.length}`,
        { wrong, missing },
      );
  }
}

function nodesAt(
  log: readonly CommittedEvent[],
  revision: number,
  isInScope: (path: string) => boolean,
): PlacedNode[] {
  const nodes = new Map<string, SeenNode>();
  for (const event of log.toSorted(byPlace)) {
    if (event.revision > revision) break;
    if (!isInScope(event.path)) continue;
    if (event.node === null || event.node === undefined) nodes.delete(event.path);
    else nodes.set(event.path, event.node);
  }
  return [...nodes].map(([path, node]) => ({ path, node }));
}

function textOf({ path, node: { mzxid, version, value } }: PlacedNode): string {
  return JSON.stringify([path, mzxid, version, value]);
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
