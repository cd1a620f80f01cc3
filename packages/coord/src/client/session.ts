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
  Operation,
  SessionId,
  SessionsPage,
  Stat,
  TreeOp,
  Usage,
} from "@flotilla/kv";
import { validatePath } from "@flotilla/kv";
import { type Clock, FlotillaError, type Publish, publishNothing } from "@flotilla/runtime";
import type { Answer, Query } from "../wire/messages.ts";
import type {
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
  Added,
  Written,
} from "./api.ts";
import type {
  BudgetsOptions,
  CallOptions,
  ChildNodesOptions,
  ChildNodesPage,
  ChildrenOptions,
  LeasesOptions,
  HistoryOptions,
  PastOptions,
  ReadOptions,
  SessionsOptions,
} from "./read-api.ts";
import type { NodeStatus } from "./status-api.ts";
import { Attachment, type AttachmentOptions } from "./attachment.ts";
import { type CallLimits, callLimits, isLinearizable, mayStart, PlainWait, requireOptions } from "./call.ts";
import { Closing } from "./closing.ts";
import type { OperationContext } from "./operations.ts";
import {
  checkOperation,
  addOp,
  createOp,
  deleteOp,
  fenced,
  multiOp,
  operationContext,
  requestBytes,
  setAclOp,
  setBudgetOp,
  setOp,
} from "./operations.ts";
import { Grants } from "./grants.ts";
import {
  asOf,
  budgetQuery,
  budgetsQuery,
  changesQuery,
  childrenQuery,
  leasesQuery,
  sessionsQuery,
} from "./queries.ts";
import { added, expect, falseIfAbsent, multiResult, type Success, written } from "./results.ts";
import { goneError, unopenedError } from "./session-errors.ts";
import { sharedController } from "../shared-controller.ts";
import { statesOf } from "./state-stream.ts";
import { watchRequest } from "./watch-request.ts";

export interface ClientSessionOptions extends AttachmentOptions {
  /** Default bound of every call, ms. */
  readonly timeoutMs: number;
}

/** A session over any channel: the network's or one within the process. */
export class ClientSession implements Session {
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly publish: Publish;
  readonly #timeoutMs: number;
  readonly #context: OperationContext;
  readonly #attachment: Attachment;
  readonly #grants: Grants;
  readonly #controller = sharedController();
  readonly #closing: Closing;
  #opening: PlainWait<void> | undefined;
  #openingError: FlotillaError | undefined;

  constructor(options: ClientSessionOptions) {
    this.ttlMs = options.times.ttlMs;
    this.#timeoutMs = options.timeoutMs;
    this.clock = options.host.clock;
    this.#closing = new Closing(this.clock);
    this.publish = options.host.publish ?? publishNothing;
    this.#attachment = new Attachment(options, {
      expired: (error) => this.#expired(error),
      failed: (error, final) => {
        this.#openingError = error;
        if (final && this.state === "connecting") this.#opening?.reject(error);
      },
    });
    this.#context = operationContext(this.#attachment);
    this.#grants = new Grants({
      host: options.host,
      attachment: this.#attachment,
      write: (operation, given, onFirstSend) =>
        this.#write(operation, given, operation.type, null, onFirstSend),
    });
  }

  get id(): SessionId {
    return this.#attachment.session;
  }

  get leaseId(): LeaseId {
    return this.#attachment.session;
  }

  get state(): SessionState {
    return this.#attachment.state.value;
  }

  get lease(): SessionLease {
    return this.#attachment.lease;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get server(): string | null {
    return this.#attachment.server;
  }

  /**
   * Starts it; resolves once it is attached and its lease stands. Call it once. When it rejects, the session is closed.
   * @throws FlotillaError `ERR_FLOTILLA_UNREACHABLE`, `ERR_FLOTILLA_NO_QUORUM`, `ERR_FLOTILLA_WRONG_CLUSTER`,
   * `ERR_FLOTILLA_WRONG_SECRET`, `ERR_FLOTILLA_ABORTED`
   */
  async open(options: CallOptions): Promise<void> {
    const { deadlines } = this.#attachment.pipeline;
    const opening = new PlainWait<void>(deadlines, callLimits(options, this.#timeoutMs), "connect");
    this.#opening = opening;
    const listening = this.onState((state) => {
      if (state === "connected") opening.resolve();
      else opening.reject(this.#gone(false));
    });
    this.#attachment.start();
    try {
      await opening.promise;
    } catch (error) {
      this.#finish("closed");
      if (!FlotillaError.is(error, "ERR_FLOTILLA_TIMEOUT")) throw error;
      throw unopenedError(error, this.#attachment.reached, this.#openingError);
    } finally {
      listening[Symbol.dispose]();
      this.#opening = undefined;
    }
  }

  async get(path: string, options?: PastOptions): Promise<Node | null> {
    validatePath(path);
    const query = asOf({ type: "get", path }, options?.revision);
    return expect(this.#answerNow(query, options) ?? (await this.#read(query, options)), "node").node;
  }

  async exists(path: string, options?: PastOptions): Promise<Stat | null> {
    validatePath(path);
    const query = asOf({ type: "exists", path }, options?.revision);
    return expect(this.#answerNow(query, options) ?? (await this.#read(query, options)), "stat").stat;
  }

  async children(path: string, options?: ChildrenOptions): Promise<ChildrenPage | null> {
    validatePath(path);
    const query = asOf(childrenQuery("children", path, options), options?.revision);
    const answer = this.#answerNow(query, options) ?? (await this.#read(query, options));
    const { names, next } = expect(answer, "children");
    return names === null ? null : { names, next };
  }

  async childNodes(path: string, options?: ChildNodesOptions): Promise<ChildNodesPage | null> {
    validatePath(path);
    const query = childrenQuery("child-nodes", path, options);
    const answer = this.#answerNow(query, options) ?? (await this.#read(query, options));
    const { children, next } = expect(answer, "child-nodes");
    return children === null ? null : { children, next };
  }

  async history(path: string, options?: HistoryOptions): Promise<NodeChangesPage> {
    validatePath(path);
    const answer = await this.#read(changesQuery(path, options), options);
    const { changes, next, floor } = expect(answer, "changes");
    return { changes, next, floor };
  }

  async usage(path: string, options?: ReadOptions): Promise<Usage | null> {
    validatePath(path);
    const query = { type: "usage", path } as const;
    return expect(this.#answerNow(query, options) ?? (await this.#read(query, options)), "usage").usage;
  }

  async sessions(options: SessionsOptions = {}): Promise<SessionsPage> {
    const { sessions, next } = expect(await this.#read(sessionsQuery(options), options), "sessions");
    return { sessions, next };
  }

  async leases(options: LeasesOptions = {}): Promise<LeasesPage> {
    const { leases, next } = expect(await this.#read(leasesQuery(options), options), "leases");
    return { leases, next };
  }

  grant(ttlMs: number, options: GrantOptions = {}): Promise<Lease> {
    return this.#grants.grant(ttlMs, options);
  }

  async doom(lease: LeaseId, options?: CallOptions): Promise<void> {
    await this.#write({ type: "doom", lease }, options, "doom", null);
  }

  async create(path: string, value: Value = "", options: CreateOptions = {}): Promise<Written> {
    return written(await this.#change(createOp(path, value, options, this.#context), options));
  }

  async set(path: string, value: Value, options: SetOptions = {}): Promise<Written> {
    return written(await this.#change(setOp("set", path, value, options, this.#context), options));
  }

  async put(path: string, value: Value, options: SetOptions = {}): Promise<Written> {
    return written(await this.#change(setOp("put", path, value, options, this.#context), options));
  }

  async add(path: string, by: number, options: SetOptions = {}): Promise<Added> {
    return added(await this.#change(addOp(path, by, options, this.#context), options));
  }

  async setAcl(path: string, acl: Acl, options: SetAclOptions = {}): Promise<Stat> {
    return written(await this.#write(setAclOp(path, acl, options), options, "setAcl", path)).stat;
  }

  async getAcl(path: string, options?: ReadOptions): Promise<{ acl: Acl; stat: Stat } | null> {
    validatePath(path);
    const { acl, stat } = expect(await this.#read({ type: "acl", path }, options), "acl");
    return acl === null || stat === null ? null : { acl, stat };
  }

  async setBudget(path: string, budget: Budget | null, options?: CallOptions): Promise<void> {
    await this.#write(setBudgetOp(path, budget), options, "setBudget", path);
  }

  async getBudget(path: string, options?: ReadOptions): Promise<BudgetInfo | null> {
    return expect(await this.#read(budgetQuery(path), options), "budget").budget;
  }

  async budgets(path: string, options: BudgetsOptions = {}): Promise<BudgetsPage> {
    const { budgets, next } = expect(await this.#read(budgetsQuery(path, options), options), "budgets");
    return { budgets, next };
  }

  async delete(path: string, options: DeleteOptions = {}): Promise<boolean> {
    try {
      await this.#change(deleteOp(path, options, this.#context), options);
      return true;
    } catch (error) {
      return falseIfAbsent(error); // A promise more would settle after those of later calls.
    }
  }

  async multi(items: readonly MultiItem[], options: MultiOptions = {}): Promise<MultiResult> {
    requireOptions(options);
    const operation = multiOp(items, options, this.#context);
    return multiResult(await this.#write(operation, options, "multi", null));
  }

  watch(path: string, options: BookmarkedWatchOptions): Promise<Watch<WatchEvent | WatchBookmark>>;
  watch(path: string, options?: WatchOptions): Promise<Watch>;
  async watch(path: string, options: WatchOptions = {}): Promise<Watch<WatchEvent | WatchBookmark>> {
    this.#assertOpen();
    const request = watchRequest(path, options, () => this.#attachment.historyId);
    return this.#attachment.pipeline.watch(request, callLimits(options, this.#timeoutMs));
  }

  async sync(options?: CallOptions): Promise<void> {
    expect(await this.#read({ type: "sync" }, options), "done");
  }

  async status(options?: CallOptions): Promise<NodeStatus> {
    requireOptions(options);
    return expect(await this.#read({ type: "status" }, { ...options, level: "local" }), "status").status;
  }

  onState(fn: (state: SessionState) => unknown): Disposable {
    return this.#attachment.state.listen(fn);
  }

  states(options?: { readonly signal?: AbortSignal }): AsyncIterable<SessionState> {
    return statesOf(this, options);
  }

  close(options: CallOptions = {}): Promise<void> {
    const begin = (bounds: CallLimits): Promise<void> => this.#close(bounds);
    return this.#closing.end(options, begin, () => this.#finish("closed"));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A local read that needs no message. Undefined also when something is wrong with it: then `#read` says what. */
  #answerNow(query: Query, options: ReadOptions | undefined): Answer | undefined {
    if (options?.level !== "local" || !mayStart(options) || this.#attachment.state.isFinal) return undefined;
    const answer = this.#attachment.answerNow(query);
    return answer?.type === "error" || answer?.type === "compacted" ? undefined : answer;
  }

  #read(query: Query, options: ReadOptions | undefined): Promise<Answer> {
    this.#assertOpen();
    const bounds = callLimits(options, this.#timeoutMs);
    return this.#attachment.pipeline.read(query, isLinearizable(options), bounds);
  }

  /** One change of one node, under its fence. */
  #change(op: TreeOp, options: WriteOptions): Promise<Success> {
    return this.#write(fenced(op, options.fence), options, op.type, op.path);
  }

  #write(
    operation: Operation,
    options: CallOptions | undefined,
    verb: string,
    path: string | null,
    onFirstSend?: () => void,
  ): Promise<Success> {
    this.#assertOpen();
    const bytes = checkOperation(operation);
    const bounds = callLimits(options, this.#timeoutMs);
    const call = { operation, bytes, verb, path, ...(onFirstSend === undefined ? {} : { onFirstSend }) };
    return this.#attachment.pipeline.write(call, bounds, false);
  }

  async #close(bounds: CallLimits): Promise<void> {
    if (this.#attachment.state.isFinal) return;
    const { isOpen, pipeline } = this.#attachment;
    this.#attachment.endBelief("the session was closed");
    this.#controller.abort(this.#gone(false, "closed"));
    this.#attachment.state.move("closed");
    pipeline.endWatches(() => this.#gone(false));
    try {
      const operation = { type: "close" } as const;
      const call = { operation, bytes: requestBytes(operation), verb: "close", path: null };
      if (isOpen && bounds.signal?.aborted !== true) await pipeline.write(call, bounds, true);
    } catch (error) {
      if (!FlotillaError.is(error)) throw error;
    } finally {
      this.#finish("closed");
    }
  }

  #expired(error: FlotillaError): void {
    if (!this.#closing.hasBegun) this.#finish("lost", error);
    else this.#finish("closed");
  }

  #finish(state: "lost" | "closed", cause?: FlotillaError): void {
    this.#attachment.stop(`the session was ${state}`);
    this.#controller.abort(this.#gone(false, state, cause));
    this.#attachment.state.move(state);
    this.#attachment.pipeline.fail({
      error: (ambiguous) => this.#gone(ambiguous, this.state, cause),
      streamError: this.state === "lost" ? this.#gone(false, "lost", cause) : undefined,
    });
  }

  #assertOpen(): void {
    if (this.#attachment.state.isFinal) throw this.#gone(false);
  }

  #gone(ambiguous: boolean, state: SessionState = this.state, cause?: FlotillaError): FlotillaError {
    return goneError(state, cause === undefined ? { ambiguous } : { ambiguous, cause });
  }
}
