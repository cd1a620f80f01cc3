import type {
  Acl,
  Budget,
  BudgetInfo,
  BudgetsPage,
  ChildrenPage,
  LeaseId,
  LeasesPage,
  Node,
  NodeChangesPage,
  SessionId,
  SessionsPage,
  Stat,
  Usage,
} from "@flotilla/kv";
import type { Clock, Publish } from "@flotilla/runtime";
import type {
  Added,
  BookmarkedWatchOptions,
  CreateOptions,
  DeleteOptions,
  GrantOptions,
  Lease,
  MultiItem,
  MultiOptions,
  MultiResult,
  Session,
  SessionLease,
  SessionState,
  SetAclOptions,
  SetOptions,
  Value,
  Watch,
  WatchBookmark,
  WatchEvent,
  WatchOptions,
  WriteOptions,
  Written,
} from "./api.ts";
import type {
  BudgetsOptions,
  CallOptions,
  ChildNodesOptions,
  ChildNodesPage,
  ChildrenOptions,
  HistoryOptions,
  LeasesOptions,
  PastOptions,
  ReadOptions,
  SessionsOptions,
} from "./read-api.ts";
import { Namespace } from "./namespace.ts";
import { NamespacedWatch } from "./namespaced-watch.ts";
import type { NodeStatus } from "./status-api.ts";

/** A session as seen from below a path. What is the cluster's, such as sessions and leases, is everybody's. */
export class NamespacedSession implements Session {
  readonly #session: Session;
  readonly #space: Namespace;

  constructor(session: Session, space: Namespace) {
    this.#session = session;
    this.#space = space;
  }

  /** The same from below a further path. */
  below(path: string): NamespacedSession {
    return new NamespacedSession(this.#session, new Namespace(this.#space.outer(path)));
  }

  /** Where its paths are in the tree. */
  get space(): Namespace {
    return this.#space;
  }

  /** The session itself. */
  get whole(): Session {
    return this.#session;
  }

  get id(): SessionId {
    return this.#session.id;
  }

  get ttlMs(): number {
    return this.#session.ttlMs;
  }

  get state(): SessionState {
    return this.#session.state;
  }

  get lease(): SessionLease {
    return this.#session.lease;
  }

  get signal(): AbortSignal {
    return this.#session.signal;
  }

  get server(): string | null {
    return this.#session.server;
  }

  get leaseId(): LeaseId {
    return this.#session.leaseId;
  }

  get clock(): Clock {
    return this.#session.clock;
  }

  get publish(): Publish {
    return this.#session.publish;
  }

  get(path: string, options?: PastOptions): Promise<Node | null> {
    return this.#at(path, (outer) => this.#session.get(outer, options));
  }

  exists(path: string, options?: PastOptions): Promise<Stat | null> {
    return this.#at(path, (outer) => this.#session.exists(outer, options));
  }

  children(path: string, options?: ChildrenOptions): Promise<ChildrenPage | null> {
    return this.#at(path, (outer) => this.#session.children(outer, options));
  }

  childNodes(path: string, options?: ChildNodesOptions): Promise<ChildNodesPage | null> {
    return this.#at(path, (outer) => this.#session.childNodes(outer, options));
  }

  history(path: string, options?: HistoryOptions): Promise<NodeChangesPage> {
    return this.#at(path, (outer) => this.#session.history(outer, options));
  }

  usage(path: string, options?: ReadOptions): Promise<Usage | null> {
    return this.#at(path, (outer) => this.#session.usage(outer, options));
  }

  sessions(options?: SessionsOptions): Promise<SessionsPage> {
    return this.#session.sessions(options);
  }

  leases(options?: LeasesOptions): Promise<LeasesPage> {
    return this.#session.leases(options);
  }

  grant(ttlMs: number, options?: GrantOptions): Promise<Lease> {
    return this.#session.grant(ttlMs, options);
  }

  doom(lease: LeaseId, options?: CallOptions): Promise<void> {
    return this.#session.doom(lease, options);
  }

  create(path: string, value?: Value, options?: CreateOptions): Promise<Written> {
    return this.#written(path, () => {
      const outer = this.#space.outerOf({ type: "create", path, sequential: options?.sequential });
      return this.#session.create(outer, value, this.#fenced(options));
    });
  }

  set(path: string, value: Value, options?: SetOptions): Promise<Written> {
    return this.#written(path, () =>
      this.#session.set(this.#space.outer(path), value, this.#fenced(options)),
    );
  }

  put(path: string, value: Value, options?: SetOptions): Promise<Written> {
    return this.#written(path, () =>
      this.#session.put(this.#space.outer(path), value, this.#fenced(options)),
    );
  }

  add(path: string, by: number, options?: SetOptions): Promise<Added> {
    return this.#written(path, () => this.#session.add(this.#space.outer(path), by, this.#fenced(options)));
  }

  setAcl(path: string, acl: Acl, options?: SetAclOptions): Promise<Stat> {
    return this.#at(path, (outer) => this.#session.setAcl(outer, acl, options));
  }

  getAcl(path: string, options?: ReadOptions): Promise<{ readonly acl: Acl; readonly stat: Stat } | null> {
    return this.#at(path, (outer) => this.#session.getAcl(outer, options));
  }

  setBudget(path: string, budget: Budget | null, options?: CallOptions): Promise<void> {
    return this.#at(path, (outer) => this.#session.setBudget(outer, budget, options));
  }

  getBudget(path: string, options?: ReadOptions): Promise<BudgetInfo | null> {
    return this.#at(path, async (outer) => {
      const info = await this.#session.getBudget(outer, options);
      return info === null ? null : this.#budget(info);
    });
  }

  budgets(path: string, options?: BudgetsOptions): Promise<BudgetsPage> {
    const { after } = options ?? {};
    return this.#at(path, async (outer) => {
      const outerOptions = after === undefined ? options : { ...options, after: this.#space.outer(after) };
      const { budgets, next } = await this.#session.budgets(outer, outerOptions);
      const inner = next === null ? null : this.#space.inner(next);
      return { budgets: budgets.map((info) => this.#budget(info)), next: inner };
    });
  }

  delete(path: string, options?: DeleteOptions): Promise<boolean> {
    return this.#space.told(path, async () => {
      const outer = this.#space.outerOf({ type: "delete", path });
      return this.#session.delete(outer, this.#fenced(options));
    });
  }

  multi(items: readonly MultiItem[], options?: MultiOptions): Promise<MultiResult> {
    return this.#space.told(null, async () => {
      const outer = this.#space.items(items);
      const outerOptions = options === undefined ? undefined : this.#space.multiOptions(options);
      const done = await this.#session.multi(outer, outerOptions);
      const results = done.results.map((one) => ({ ...one, path: this.#space.inner(one.path) }));
      return { ...done, results };
    });
  }

  watch(path: string, options: BookmarkedWatchOptions): Promise<Watch<WatchEvent | WatchBookmark>>;
  watch(path: string, options?: WatchOptions): Promise<Watch>;
  watch(path: string, options?: WatchOptions): Promise<Watch<WatchEvent | WatchBookmark>> {
    return this.#at(path, async (outer) => {
      const watch: Watch<WatchEvent | WatchBookmark> = await this.#session.watch(outer, options);
      return new NamespacedWatch(watch, this.#space, path);
    });
  }

  sync(options?: CallOptions): Promise<void> {
    return this.#session.sync(options);
  }

  status(options?: CallOptions): Promise<NodeStatus> {
    return this.#session.status(options);
  }

  onState(fn: (state: SessionState) => unknown): Disposable {
    return this.#session.onState(fn);
  }

  states(options?: { readonly signal?: AbortSignal }): AsyncIterable<SessionState> {
    return this.#session.states(options);
  }

  close(options?: CallOptions): Promise<void> {
    return this.#session.close(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #budget(info: BudgetInfo): BudgetInfo {
    return { ...info, path: this.#space.inner(info.path) };
  }

  #at<T>(path: string, call: (outer: string) => Promise<T>): Promise<T> {
    return this.#space.told(path, () => call(this.#space.outer(path)));
  }

  #written<W extends Written>(path: string, call: () => Promise<W>): Promise<W> {
    return this.#space.told(path, async () => {
      const done = await call();
      return { ...done, path: this.#space.inner(done.path) };
    });
  }

  /** The same options, with the fence where it stands in the tree. */
  #fenced<O extends WriteOptions>(options: O | undefined): O | undefined {
    return options?.fence === undefined ? options : { ...options, fence: this.#space.fence(options.fence) };
  }
}

/**
 * A session as seen from below a path, which need not exist.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_PATH`
 */
export function namespaced(session: Session, path: string): Session {
  const { root } = new Namespace(path);
  if (root === "/") return session;
  return session instanceof NamespacedSession
    ? session.below(root)
    : new NamespacedSession(session, new Namespace(root));
}

/** Where a path of a session is in the tree. */
export function wholePath(session: Session, path: string): string {
  return session instanceof NamespacedSession ? session.space.outer(path) : path;
}

/** The session behind a view of one; any other is its own. */
export function wholeSession(session: Session): Session {
  return session instanceof NamespacedSession ? session.whole : session;
}
