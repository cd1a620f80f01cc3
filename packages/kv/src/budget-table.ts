import { budgetKinds } from "./budget.ts";
import type { Budget, BudgetExcess, BudgetKind, BudgetReport, BudgetUse } from "./budget.ts";
import { hashText } from "./digest.ts";
import type { Digest, ItemHash } from "./digest.ts";
import { PathMap } from "./path-map.ts";
import { isWithin, prefixOf } from "./paths.ts";
import { SortedMap } from "./sorted-map.ts";
import type { LeaseId, Usage } from "./types.ts";

/** A budget as it is kept; never changed, only replaced. */
export interface BudgetRecord {
  readonly path: string;
  readonly budget: Budget;
  /** Of the last creation or set, by the time in the log; 0 before it, or where no rate is bounded. */
  readonly second: number;
  /** Creations and sets in that second. */
  readonly writes: number;
}

/** What a creation or a set is about to add. */
export interface Growth {
  readonly path: string;
  /** Of its value; less than 0 when it shrinks. */
  readonly bytes: number;
  /** Children that its parent has so far; null: the node is there already. */
  readonly siblings: number | null;
  /** What a new node ends with. */
  readonly lease: LeaseId | null;
  readonly timeMs: number;
}

/** What the table asks of the tree. */
export interface BudgetTree {
  /** What a node and everything below it take up; nothing without the node. */
  used(path: string): Usage;
  /** All nodes that end with a lease. */
  ephemerals(): Iterable<readonly [lease: LeaseId, paths: ReadonlySet<string>]>;
}

const budgetItem = 5;
const rateItem = 6;

/**
 * All budgets, and what the tree alone does not tell of their use. Nodes and bytes are not counted here: the tree knows
 * both of any subtree in O(log n), so nothing can drift.
 */
export class BudgetTable {
  readonly #digest: Digest;
  readonly #hash: ItemHash;
  readonly #tree: BudgetTree;
  readonly #byPath: PathMap<BudgetRecord> = new PathMap();
  readonly #sorted: SortedMap<BudgetRecord> = new SortedMap();
  /** How many budgets there are above each. */
  readonly #above: Map<string, number> = new Map();
  /** Nodes by lease, for each budget that bounds leases. */
  readonly #leases: Map<string, Map<LeaseId, number>> = new Map();
  #journal: BudgetRecord[] | null = null;
  #reports: BudgetReport[] = [];
  #reportsBefore = 0;

  constructor(digest: Digest, hash: ItemHash, tree: BudgetTree) {
    this.#digest = digest;
    this.#hash = hash;
    this.#tree = tree;
  }

  get size(): number {
    return this.#byPath.size;
  }

  get(path: string): BudgetRecord | undefined {
    return this.#byPath.get(path);
  }

  /** Those at and below a path, sorted by path, at most `limit` of those after `after`. */
  page(top: string, after: string | null, limit: number): readonly BudgetRecord[] {
    const found: BudgetRecord[] = [];
    const end = prefixOf(top);
    this.#sorted.scan(after === null || after < top ? top : `${after}\u0000`, (path, record) => {
      if (found.length === limit) return false;
      if (!isWithin(path, top)) return path < end;
      found.push(record);
      return true;
    });
    return found;
  }

  /** The budgets at and above a path, from there upwards. */
  covering(path: string): BudgetRecord[] {
    return this.#byPath.above(path);
  }

  /** How many would bound one path at most, of those at and below a path that gets one. */
  nestingWith(path: string): number {
    let most = this.covering(path).length + 1;
    for (const below of this.#below(path)) most = Math.max(most, (this.#above.get(below) ?? 0) + 2);
    return most;
  }

  /** All budgets as they are now, sorted by path, untouched by later changes. O(1). */
  frozen(): SortedMap<BudgetRecord> {
    return this.#sorted.clone();
  }

  /** Adds a budget or puts another in its place. Looks at every ephemeral node if it begins to bound leases. */
  set(record: BudgetRecord): void {
    if (this.get(record.path) === undefined) this.#nest(record.path);
    this.#put(record);
    if (record.budget.leases === undefined) this.#leases.delete(record.path);
    else if (!this.#leases.has(record.path)) this.#leases.set(record.path, this.#countLeases(record.path));
  }

  /** False when there was none. */
  delete(path: string): boolean {
    const record = this.#byPath.get(path);
    if (record === undefined) return false;
    this.#discount(record);
    this.#byPath.delete(path);
    this.#sorted.delete(path);
    this.#leases.delete(path);
    this.#above.delete(path);
    for (const below of this.#below(path)) this.#above.set(below, (this.#above.get(below) ?? 0) - 1);
    return true;
  }

  /** What is used of a budget. */
  used({ path, budget, writes }: BudgetRecord): BudgetUse {
    const leases = this.#leases.get(path);
    return {
      ...this.#tree.used(path),
      ...(leases === undefined ? {} : { leases: leases.size }),
      ...(budget.rate === undefined ? {} : { rate: writes }),
    };
  }

  /**
   * The hard bound that a creation or a set would go beyond: of the budget nearest to the node, in the order of
   * `budgetKinds`; null when it may be done. What adds nothing of a kind is not held up by it. O(depth · log n).
   */
  refusal(growth: Growth): BudgetExcess | null {
    if (this.size === 0) return null;
    for (const record of this.covering(growth.path)) {
      const excess = this.#beyond(record, "hard", growth);
      if (excess !== null) return excess;
    }
    return null;
  }

  /** A creation or a set is done now. Counts it, and reports the soft bounds that it goes beyond. */
  charge(growth: Growth): void {
    if (this.size === 0) return;
    for (const record of this.covering(growth.path)) {
      const excess = this.#beyond(record, "soft", growth);
      if (excess !== null) this.report("soft", excess);
      if (record.budget.rate !== undefined) this.#countWrite(record, growth.timeMs);
    }
  }

  /** Remembers for whoever asks next what went beyond a bound, or would have. */
  report(bound: BudgetReport["bound"], excess: BudgetExcess): void {
    this.#reports.push({ ...excess, bound });
  }

  /** What was reported of the last command; once. */
  takeReports(): readonly BudgetReport[] {
    const reports = this.#reports;
    if (reports.length > 0) this.#reports = [];
    return reports;
  }

  /** A node came that ends with a lease. */
  own(lease: LeaseId, path: string): void {
    if (this.#leases.size > 0) this.#countOwned(lease, path, 1);
  }

  /** A node went that ended with a lease. */
  disown(lease: LeaseId, path: string): void {
    if (this.#leases.size > 0) this.#countOwned(lease, path, -1);
  }

  /** Remembers every charge from here on, until `commit` or `rollback`. */
  begin(): void {
    if (this.size === 0) return;
    this.#journal = [];
    this.#reportsBefore = this.#reports.length;
  }

  commit(): void {
    this.#journal = null;
  }

  /** Takes back every charge since `begin`. */
  rollback(): void {
    const journal = this.#journal;
    this.commit();
    if (journal === null) return;
    this.#reports.length = this.#reportsBefore;
    for (const record of journal.toReversed()) this.#put(record);
  }

  #nest(path: string): void {
    for (const below of this.#below(path)) this.#above.set(below, (this.#above.get(below) ?? 0) + 1);
    this.#above.set(path, this.covering(path).length);
  }

  /** The paths below one that have budgets. */
  #below(path: string): string[] {
    return this.page(path, path, this.size).map((record) => record.path);
  }

  /** The first bound of a budget that would be gone beyond. */
  #beyond(record: BudgetRecord, bound: BudgetReport["bound"], growth: Growth): BudgetExcess | null {
    const { path, budget } = record;
    for (const kind of budgetKinds) {
      const limit = budget[kind]?.[bound];
      if (limit === undefined) continue;
      const added = this.#added(record, kind, growth);
      if (added <= 0) continue;
      const used = this.#counted(record, kind, growth);
      const wanted = used + added;
      if (wanted > limit) return { path, kind, limit, used, wanted };
    }
    return null;
  }

  #added({ path }: BudgetRecord, kind: BudgetKind, growth: Growth): number {
    const { siblings, lease } = growth;
    switch (kind) {
      case "nodes":
        return siblings === null ? 0 : 1;
      case "bytes":
        return growth.bytes;
      case "children":
        // The parent of the topmost node stands outside.
        return siblings === null || growth.path === path ? 0 : 1;
      case "leases":
        return lease === null || this.#leases.get(path)?.has(lease) === true ? 0 : 1;
      case "rate":
        return 1;
      default:
        return 0;
    }
  }

  #counted(record: BudgetRecord, kind: BudgetKind, growth: Growth): number {
    switch (kind) {
      case "nodes":
      case "bytes":
        return this.#tree.used(record.path)[kind];
      case "children":
        return growth.siblings ?? 0;
      case "leases":
        return this.#leases.get(record.path)?.size ?? 0;
      default:
        return secondOf(record, growth.timeMs) === record.second ? record.writes : 0;
    }
  }

  #countWrite(record: BudgetRecord, timeMs: number): void {
    const second = secondOf(record, timeMs);
    const counted = { ...record, second, writes: second === record.second ? record.writes + 1 : 1 };
    this.#journal?.push(record);
    this.#hashRate(record);
    this.#digest.remove(this.#hash.a, this.#hash.b);
    this.#byPath.set(record.path, counted);
    this.#sorted.set(record.path, counted);
    this.#hashRate(counted);
    this.#digest.add(this.#hash.a, this.#hash.b);
  }

  #countLeases(top: string): Map<LeaseId, number> {
    const counts = new Map<LeaseId, number>();
    for (const [lease, paths] of this.#tree.ephemerals()) {
      let nodes = 0;
      for (const path of paths) if (isWithin(path, top)) nodes += 1;
      if (nodes > 0) counts.set(lease, nodes);
    }
    return counts;
  }

  #countOwned(lease: LeaseId, path: string, by: 1 | -1): void {
    for (const { path: top } of this.covering(path)) {
      const counts = this.#leases.get(top);
      if (counts === undefined) continue;
      const nodes = (counts.get(lease) ?? 0) + by;
      if (nodes > 0) counts.set(lease, nodes);
      else counts.delete(lease);
    }
  }

  #put(record: BudgetRecord): void {
    const before = this.#byPath.get(record.path);
    if (before !== undefined) this.#discount(before);
    this.#byPath.set(record.path, record);
    this.#sorted.set(record.path, record);
    this.#hashBudget(record);
    this.#digest.add(this.#hash.a, this.#hash.b);
    if (record.budget.rate === undefined) return;
    this.#hashRate(record);
    this.#digest.add(this.#hash.a, this.#hash.b);
  }

  #discount(record: BudgetRecord): void {
    this.#hashBudget(record);
    this.#digest.remove(this.#hash.a, this.#hash.b);
    if (record.budget.rate === undefined) return;
    this.#hashRate(record);
    this.#digest.remove(this.#hash.a, this.#hash.b);
  }

  #hashBudget({ path, budget }: BudgetRecord): void {
    this.#hash.begin(budgetItem).word(hashText(path));
    for (const kind of budgetKinds) {
      const { soft = -1, hard = -1 } = budget[kind] ?? {};
      this.#hash.int(soft).int(hard);
    }
    this.#hash.end();
  }

  /** An item of its own: it changes with every write. */
  #hashRate({ path, second, writes }: BudgetRecord): void {
    this.#hash.begin(rateItem).word(hashText(path)).int(second).int(writes).end();
  }
}

/** The second that a write falls into: time never runs backwards here. */
function secondOf({ second }: BudgetRecord, timeMs: number): number {
  return Math.max(second, Math.floor(timeMs / 1_000));
}
