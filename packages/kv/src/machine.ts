import type { Acl, Identity } from "./acl.ts";
import { Answered } from "./answered.ts";
import { attached, isSecret } from "./attach.ts";
import { BudgetReads } from "./budget-ops.ts";
import { noEvents } from "./change.ts";
import { newestLevel, oldestLevel } from "./feature-level.ts";
import { EventHistory, type HistoryLimits } from "./history.ts";
import type { LeaseChanges } from "./lease-changes.ts";
import { limits } from "./limits.ts";
import { decodeLogged, decodeOrNull, requireOrder } from "./logged.ts";
import { PastReads } from "./past.ts";
import { endAllSessions, expire, perform, resultOf } from "./perform.ts";
import type { Performed } from "./perform.ts";
import type { ApplyPoint, MachineSnapshot, PageOptions, ReapableQuery } from "./machine-api.ts";
import { MachineRestore, type Restored } from "./restore.ts";
import { leasesPage, sessionInfo, sessionsPage } from "./session-info.ts";
import type { LeasesPage, SessionInfo, SessionsPage } from "./session-info.ts";
import { lendSnapshot, writeSnapshot } from "./snapshot-write.ts";
import { digestOf, emptyState, type Standing, type State } from "./state.ts";
import { openSubtree, type Subtree, type SubtreeReach } from "./subtree.ts";
import { publicNode, statOf } from "./tree-node.ts";
import { ownedBy, reap } from "./tree-ops.ts";
import type { Execution } from "./tree-ops.ts";
import type {
  Applied,
  BeginHistoryCommand,
  BeginRestoredCommand,
  ChildrenPage,
  ExpireCommand,
  LeaseId,
  LeaseInfo,
  Node,
  ReapablePage,
  ReapCommand,
  RequestCommand,
  SessionId,
  Stat,
  TreeEvent,
  Usage,
  WatchToken,
} from "./types.ts";
import { turned } from "./turn.ts";

export interface MachineOptions {
  /** Bounds of the event history. Default: `limits.historyEvents` and `limits.historyBytes`, of any age. */
  readonly historyLimits?: Partial<HistoryLimits>;
  /** Marks a rare branch by name. Default: nothing. */
  readonly probe?: (name: string) => void;
  /** The highest feature level to know. Default: that of this version. */
  readonly newestLevel?: number;
}

/**
 * The replicated state: a tree of nodes, sessions with their request windows, leases. The same commands in the same
 * order give the same results, events and digest on every machine, also on one restored in between. Single-threaded
 * and synchronous; nodes, events and results it hands out never change and must not be changed.
 */
export class Machine {
  /** The events of late, for watches that resume. Its floor after a restore is the restored revision. */
  readonly history: EventHistory;
  /** The highest feature level it knows. */
  readonly newestLevel: number;
  /** The tree as it was, as far back as the history reaches. */
  readonly past: PastReads;
  /** What may be used where, and what is. */
  readonly budgets: BudgetReads = new BudgetReads(() => this.#state.tree);
  readonly #probe: (name: string) => void;
  #state: State = emptyState();
  #token: WatchToken = { revision: 0, ordinal: 0 };
  #graceMs = 0;
  #featureLevel = oldestLevel;
  #applied = 0;
  #index = 0;
  #events: readonly TreeEvent[] = noEvents;

  constructor(options: MachineOptions = {}) {
    this.history = new EventHistory(options.historyLimits);
    this.newestLevel = options.newestLevel ?? newestLevel;
    this.past = new PastReads({
      history: this.history,
      tree: () => this.#state.tree,
      revision: () => this.revision,
    });
    this.#probe = options.probe ?? ((): void => {});
  }

  /** Commands that changed the tree. */
  get revision(): number {
    return this.#token.revision;
  }

  /** Commands applied, those restored included. */
  get applied(): number {
    return this.#applied;
  }

  /** Nodes in the tree, the root among them. */
  get nodes(): number {
    return this.#state.tree.size;
  }

  /** Log index of the last command applied; 0 before the first. */
  get lastIndex(): number {
    return this.#index;
  }

  /** The last event: a watch that starts here sees everything from now on. */
  get token(): WatchToken {
    return this.#token;
  }

  /** The feature level agreed on: what commands may be written for. */
  get featureLevel(): number {
    return this.#featureLevel;
  }

  /** After a restore, for how much of a leader's time no node is made that ends with a lease; 0: they are. */
  get graceMs(): number {
    return this.#graceMs;
  }

  /**
   * Applies one command of the log. What a client did wrong is a result; an exception means that this node must stop.
   * @throws FlotillaError `ERR_FLOTILLA_INTERNAL` for bytes that are no command, `ERR_FLOTILLA_UNSUPPORTED` for one that a
   *   newer version wrote, with nothing changed
   */
  apply(payload: Uint8Array, at: ApplyPoint): Applied {
    requireOrder(this.#index, at);
    const command = decodeLogged(payload, this.newestLevel);
    this.#advance(at);
    switch (command.type) {
      case "attach":
        return attached(this.#state.sessions, command, this.#probe);
      case "request":
        return this.#request(command, at.timeMs);
      case "expire":
        return this.#expire(command, at.timeMs);
      case "reap":
        return this.#reap(command, at.timeMs);
      case "begin-history":
        return this.#beginHistory(command);
      case "begin-restored":
        return this.#beginRestored(command, at.timeMs);
      case "end-grace":
        this.#graceMs = 0;
        return { type: "grace-ended" };
      default:
        this.#featureLevel = Math.max(this.#featureLevel, command.level);
        return { type: "feature-level-set", level: this.#featureLevel };
    }
  }

  /**
   * Passes over one command of the log that stops every machine, on all of them alike: it changes nothing, but a
   * request's turn is used up, with `ERR_FLOTILLA_SKIPPED` as its result. The bytes may be no command at all.
   */
  skip(payload: Uint8Array, at: ApplyPoint): Applied {
    requireOrder(this.#index, at);
    this.#advance(at);
    this.#probe("kv.skip");
    const command = decodeOrNull(payload, this.newestLevel);
    if (command?.type !== "request") return { type: "skipped" };
    const before = turned(this.#state.sessions, command, this.#probe);
    return before ?? this.#keep(command, { ok: false, code: "ERR_FLOTILLA_SKIPPED", failed: null });
  }

  /** The events of the last command, in order; once. */
  takeEvents(): readonly TreeEvent[] {
    const events = this.#events;
    this.#events = noEvents;
    return events;
  }

  get(path: string): Node | null {
    const node = this.#state.tree.get(path);
    return node === undefined ? null : publicNode(node);
  }

  exists(path: string): Stat | null {
    const node = this.#state.tree.get(path);
    return node === undefined ? null : statOf(node);
  }

  /** Who may do what with a node; null when there is none. */
  acl(path: string): Acl | null {
    return this.#state.tree.get(path)?.access.acl ?? null;
  }

  /** A page of child names, sorted in code units; null when there is no node. */
  children(path: string, page: PageOptions = {}): ChildrenPage | null {
    return this.#state.tree.children(path, page.after ?? null, page.limit ?? limits.childrenPage);
  }

  /** What a node and everything below it take up; null when there is no node. O(log n). */
  usage(path: string): Usage | null {
    const node = this.#state.tree.get(path);
    return node === undefined ? null : this.#state.tree.usage(node);
  }

  /** A node and all below it, or its children, fixed now (O(1)), in pages of at most `limit` nodes; empty without it. */
  subtree(path: string, limit: number, reach: SubtreeReach = "all"): Subtree {
    return openSubtree(this.#state.tree.frozen(), this.#token, { path, limit, reach });
  }

  /** Containers, and nodes with a time to live. */
  get mortals(): number {
    return this.#state.tree.mortals;
  }

  /**
   * Containers and nodes with a time to live that are over at a wall time, sorted by path: for the leader, to `reap`.
   * It looks at no more than `looks` of them, behind `after`.
   */
  reapable({ timeMs, after, limit, looks }: ReapableQuery): ReapablePage {
    return this.#state.tree.reapable(timeMs, after, limit, looks);
  }

  session(id: SessionId): SessionInfo | null {
    const session = this.#state.sessions.get(id);
    return session === undefined ? null : sessionInfo(this.#state, session);
  }

  /** Whether it is the secret of an open session. */
  isSecretOf(id: SessionId, secret: Uint8Array): boolean {
    return isSecret(this.#state.sessions.get(id), secret);
  }

  /** Open sessions, and leases, the sessions' own among them. */
  get counts(): { readonly sessions: number; readonly leases: number } {
    return this.#state.sessions.counts;
  }

  /** Sorted by id. */
  sessions(): SessionInfo[] {
    return this.#state.sessions.all().map((session) => sessionInfo(this.#state, session));
  }

  /** Sorted by id, at most `limit` (1 to 1,000) of those after `after` (null: from the start). */
  sessionsPage(after: SessionId | null, limit: number): SessionsPage {
    return sessionsPage(this.#state, after, limit);
  }

  lease(id: string): LeaseInfo | null {
    return this.#state.sessions.lease(id) ?? null;
  }

  /** Nodes that end with a lease: of a session's own, with all of its leases. */
  owned(lease: LeaseId): number {
    return ownedBy(this.#state, lease);
  }

  get leaseChanges(): LeaseChanges {
    return this.#state.sessions.leaseChanges;
  }

  /** Sorted by id. */
  leases(): LeaseInfo[] {
    return this.#state.sessions.leases();
  }

  /** Sorted by id, at most `limit` (1 to 1,000) of those after `after` (null: from the start). */
  leasesPage(after: LeaseId | null, limit: number): LeasesPage {
    return leasesPage(this.#state, after, limit);
  }

  /** The encoded results that a session's window keeps, from `fromSeq` on, in order. */
  pendingResults(session: SessionId, fromSeq: number): [seq: number, result: Uint8Array][] {
    return this.#state.sessions.get(session)?.window.resultsFrom(fromSeq) ?? [];
  }

  /** 16 hex characters over the whole state, the same on all replicas after the same commands. O(1). */
  digest(): string {
    return digestOf(this.#state, this.#standing());
  }

  /** The state as it is now, to be written while later commands are applied. O(1). */
  snapshot(): MachineSnapshot {
    const nodes = this.#state.tree.frozen();
    const { sessions, leases } = this.#state.sessions.frozen();
    const digest = this.digest();
    const budgets = this.#state.tree.budgets.frozen();
    const counts = { nodes: nodes.size, leases: leases.size, sessions: sessions.size };
    const index = this.#index;
    const point = { ...this.#standing(), applied: this.#applied, index };
    const header = { ...point, budgets: budgets.size, ...counts, digest };
    const state = { header, budgets, nodes, sessions, leases };
    return { index, ...counts, digest, chunks: () => writeSnapshot(state), lend: () => lendSnapshot(state) };
  }

  /**
   * Begins to take over the state of a snapshot, in slices. Commands may be applied meanwhile: nothing of this machine
   * changes before the new state is proved and put in its place, with `replace`. The history starts anew then: older
   * tokens are a gap.
   */
  beginRestore(): MachineRestore {
    return new MachineRestore(this.newestLevel, (restored) => this.#replace(restored));
  }

  /**
   * Takes over the state of a snapshot at once, all of it or nothing; see {@link beginRestore}.
   * @throws FlotillaError `ERR_FLOTILLA_DAMAGED` when the bytes are not exactly what a machine wrote,
   *   `ERR_FLOTILLA_UNSUPPORTED` for another format version, or a higher feature level than it knows
   */
  restore(bytes: Uint8Array): void {
    const restore = this.beginRestore();
    restore.write(bytes);
    for (let isMore = true; isMore;) isMore = restore.work();
    restore.prove();
    restore.replace();
  }

  #replace({ header, state }: Restored): void {
    state.sessions.leaseChanges.follow(this.leaseChanges);
    this.#state = state;
    this.#token = header.token;
    this.#graceMs = header.graceMs;
    this.#featureLevel = header.featureLevel;
    this.#applied = header.applied;
    this.#index = header.index;
    this.#events = noEvents;
    this.history.reset(header.token);
  }

  #advance({ index, timeMs }: ApplyPoint): void {
    this.history.age(timeMs);
    this.#events = noEvents;
    this.#state.tree.budgets.takeReports();
    this.#index = index;
    this.#applied += 1;
  }

  #request(command: RequestCommand, timeMs: number): Applied {
    return turned(this.#state.sessions, command, this.#probe) ?? this.#perform(command, timeMs);
  }

  #perform(command: RequestCommand, timeMs: number): Applied {
    // The session's own text: events would keep one of each command alive.
    const session = this.#state.sessions.get(command.session)?.id ?? command.session;
    const execution = this.#begin(session, timeMs, command.identities);
    const performed = perform(execution, command.session, command.operation);
    this.#finish(execution);
    return this.#keep(command, performed);
  }

  #keep({ session, attach, seq, ack }: RequestCommand, performed: Performed): Applied {
    const result = resultOf(performed, this.revision);
    return new Answered(session, attach, seq, false, this.#state.sessions.keep(session, ack, result));
  }

  #expire(command: ExpireCommand, timeMs: number): Applied {
    const execution = this.#begin(null, timeMs);
    const leases = expire(execution, command.leases);
    this.#finish(execution);
    return { type: "expired", leases };
  }

  #reap(command: ReapCommand, timeMs: number): Applied {
    const execution = this.#begin(null, timeMs);
    const paths = reap(execution, command);
    this.#finish(execution);
    return { type: "reaped", paths };
  }

  #beginHistory({ revision }: BeginHistoryCommand): Applied {
    this.#token = { revision: Math.max(revision, this.revision + limits.historyLeap), ordinal: 0 };
    this.history.reset(this.#token);
    return { type: "history-begun" };
  }

  #beginRestored({ revision, graceMs }: BeginRestoredCommand, timeMs: number): Applied {
    const execution = { ...this.#begin(null, timeMs), revision: Math.max(revision, this.revision + 1) };
    endAllSessions(execution);
    this.#finish(execution);
    this.#events = noEvents;
    this.#token = { revision: execution.revision, ordinal: Math.max(0, execution.events.length - 1) };
    this.#graceMs = graceMs;
    this.history.reset(this.#token);
    return { type: "history-begun" };
  }

  #standing(): Standing {
    return { token: this.#token, graceMs: this.#graceMs, featureLevel: this.#featureLevel };
  }

  #begin(session: SessionId | null, timeMs: number, identities: readonly Identity[] = []): Execution {
    const { tree, sessions } = this.#state;
    const revision = this.revision + 1;
    const inGrace = this.#graceMs > 0;
    return { tree, sessions, session, revision, timeMs, inGrace, identities, events: [] };
  }

  #finish({ revision, events }: Execution): void {
    this.#state.tree.tidy();
    if (events.length === 0) return;
    this.#token = { revision, ordinal: events.length - 1 };
    this.#events = events;
    this.history.append(events);
  }
}
