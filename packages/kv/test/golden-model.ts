import { type Identity, openAcl } from "../src/acl.ts";
import type {
  AddOp,
  AttachCommand,
  BeginRestoredCommand,
  Branch,
  CheckOp,
  Conditions,
  CreateOp,
  DeleteOp,
  KvCommand,
  OpResult,
  ReapCommand,
  RequestCommand,
  Result,
  SetAclOp,
  SetOp,
  Stat,
  TreeOp,
} from "../src/types.ts";
import type { BudgetReport } from "../src/budget.ts";
import { chargeBudgets, refuseBeyondBudget, setBudget } from "./golden-budget.ts";
import { copyOf, judge, judgePath, parentPath } from "./golden-judge.ts";
import { sumOf, withSum } from "./golden-number.ts";
import { type Code, Refusal, refuse } from "./golden-refusal.ts";
import { grants, type Permission, settle } from "./golden-acl.ts";
import { nothingIn, nothingYet, ordinary, statOf } from "./golden-state.ts";
import type { GoldenApplied, GoldenEvent, GoldenKind, GoldenNode, GoldenState } from "./golden-state.ts";

/** The rules once more, as plainly as they can be written: no index, no cache, a copy before every multi. */
export class GoldenModel {
  state: GoldenState = nothingYet();
  events: GoldenEvent[] = [];
  reports: BudgetReport[] = [];
  #timeMs = 0;
  #session = "";
  #callers: readonly Identity[] = [];

  paths(): string[] {
    return Object.keys(this.state.nodes).toSorted();
  }

  children(path: string): string[] {
    return this.paths().filter((other) => other !== "/" && parentPath(other) === path);
  }

  below(path: string): string[] {
    const prefix = path === "/" ? "/" : `${path}/`;
    return this.paths().filter((other) => other !== "/" && other.startsWith(prefix));
  }

  stat(path: string): Stat {
    return statOf(this.#node(path), this.children(path).length);
  }

  apply(command: KvCommand, timeMs: number): GoldenApplied {
    this.events = [];
    this.reports = [];
    this.#timeMs = timeMs;
    switch (command.type) {
      case "attach":
        return this.#attach(command);
      case "request":
        return this.#request(command);
      case "begin-history":
        this.state.revision = Math.max(command.revision, this.state.revision + 2 ** 20);
        return { type: "history-begun" };
      case "begin-restored":
        return this.#beginRestored(command);
      case "end-grace":
        this.state.graceMs = 0;
        return { type: "grace-ended" };
      case "set-feature-level":
        this.state.featureLevel = Math.max(command.level, this.state.featureLevel);
        return { type: "feature-level-set", level: this.state.featureLevel };
      case "reap":
        return { type: "reaped", paths: this.#reap(command) };
      default: {
        const ended = new Set<string>();
        for (const id of command.leases) {
          if (!(id in this.state.leases)) continue;
          ended.add(id);
          for (const [other, lease] of Object.entries(this.state.leases))
            if (lease.session === id) ended.add(other);
        }
        this.#end([...ended]);
        for (const id of ended) delete this.state.sessions[id];
        if (this.events.length > 0) this.state.revision += 1;
        return { type: "expired", leases: [...ended].toSorted() };
      }
    }
  }

  #beginRestored({ revision, graceMs }: BeginRestoredCommand): GoldenApplied {
    const first = Math.max(revision, this.state.revision + 1);
    this.state.revision = first - 1;
    this.#end(Object.keys(this.state.leases));
    this.events = [];
    this.state = { ...this.state, revision: first, graceMs, sessions: nothingIn() };
    return { type: "history-begun" };
  }

  #reap({ seen, paths }: ReapCommand): string[] {
    const reaped = [...new Set(paths)].toSorted().filter((path) => {
      const node = this.state.nodes[path];
      if (node === undefined || node.mzxid > seen || node.pzxid > seen || !this.isOver(path, this.#timeMs))
        return false;
      this.#remove(path);
      return true;
    });
    if (this.events.length > 0) this.state.revision += 1;
    return reaped;
  }

  /** A container that lost its last child, or a childless node that was not set for its ttl. */
  isOver(path: string, timeMs: number): boolean {
    const { container, ttlMs, births, mtimeMs } = this.#node(path);
    if (this.children(path).length > 0) return false;
    return container ? births > 0 : ttlMs !== null && timeMs - mtimeMs > ttlMs;
  }

  #node(path: string): GoldenNode {
    return this.state.nodes[path] ?? refuse("ERR_FLOTILLA_NOT_FOUND");
  }

  #attach({ session: id, secret, attach, ttlMs }: AttachCommand): GoldenApplied {
    const no = (code: Code): GoldenApplied => ({ type: "attach-refused", session: id, attach, code });
    let session = this.state.sessions[id];
    if (session === undefined) {
      if (ttlMs === null) return no("ERR_FLOTILLA_SESSION_EXPIRED");
      if (ttlMs < 500 || ttlMs > 120_000) return no("ERR_FLOTILLA_BAD_ARGUMENT");
      if (id in this.state.leases) return no("ERR_FLOTILLA_EXISTS");
      session = { secret: [...secret].join(), ttlMs, attach: 0, acked: 0, results: [] };
      this.state.sessions[id] = session;
      this.state.leases[id] = { session: id, ttlMs, doomed: false };
    }
    if (session.secret !== [...secret].join()) return no("ERR_FLOTILLA_WRONG_SECRET");
    if (attach <= session.attach) return no("ERR_FLOTILLA_MOVED");
    session.attach = attach;
    const lastSeq = session.acked + session.results.length;
    return { type: "attached", session: id, attach, lastSeq, ttlMs: session.ttlMs };
  }

  #request(command: RequestCommand): GoldenApplied {
    const { session: id, attach, seq, ack } = command;
    const no = (why: "no-session" | "moved" | "gap" | "forgotten", nextSeq: number): GoldenApplied => ({
      type: "refused",
      session: id,
      attach,
      seq,
      why,
      nextSeq,
    });
    const session = this.state.sessions[id];
    if (session === undefined) return no("no-session", 0);
    const next = session.acked + session.results.length + 1;
    if (session.attach !== attach) return no("moved", next);
    if (seq > next) return no("gap", next);
    if (seq <= session.acked) return no("forgotten", next);
    const known = session.results[seq - session.acked - 1];
    if (known !== undefined)
      return { type: "answered", session: id, attach, seq, result: known, repeat: true };
    const result = this.#perform(command);
    const after = this.state.sessions[id];
    if (after !== undefined) {
      after.results.splice(0, Math.max(0, ack - after.acked));
      after.acked = Math.max(after.acked, ack);
      after.results.push(result);
    }
    return { type: "answered", session: id, attach, seq, result, repeat: false };
  }

  #perform({ session, operation: op, identities = [] }: RequestCommand): Result {
    // Only a multi can be refused when some of it is done.
    const before = op.type === "multi" ? copyOf(this.state) : this.state;
    this.#session = session;
    this.#callers = identities;
    let failed: number | null = null;
    let branched: { branch?: Branch } = {};
    try {
      const results: OpResult[] = [];
      if (op.type === "multi") {
        if (op.else !== undefined && op.if === undefined) refuse("ERR_FLOTILLA_BAD_ARGUMENT");
        for (const ops of [op.if ?? [], op.ops, op.else ?? []]) {
          for (const [index, inner] of ops.entries()) {
            failed = index;
            judge(inner);
          }
        }
        failed = null;
        const branch = op.if === undefined ? "then" : this.#branch(op.if);
        if (op.if !== undefined) branched = { branch };
        for (const [index, inner] of (branch === "then" ? op.ops : (op.else ?? [])).entries()) {
          failed = index;
          results.push(this.#tree(inner));
        }
      } else if (op.type === "grant") {
        if (op.ttlMs < 500 || op.ttlMs > 120_000) refuse("ERR_FLOTILLA_BAD_ARGUMENT");
        if (op.lease in this.state.leases) refuse("ERR_FLOTILLA_EXISTS");
        this.state.leases[op.lease] = { session, ttlMs: op.ttlMs, doomed: false };
      } else if (op.type === "revoke") {
        if (this.state.leases[op.lease]?.session !== session) refuse("ERR_FLOTILLA_NOT_FOUND");
        if (op.lease === session) refuse("ERR_FLOTILLA_BAD_ARGUMENT");
        this.#end([op.lease]);
      } else if (op.type === "doom") {
        const lease = this.state.leases[op.lease] ?? refuse("ERR_FLOTILLA_NOT_FOUND");
        lease.doomed = true;
      } else if (op.type === "close") {
        const leases = Object.entries(this.state.leases).filter(([, lease]) => lease.session === session);
        this.#end(leases.map(([id]) => id));
        delete this.state.sessions[session];
      } else if (op.type === "set-acl") {
        results.push(this.#setAcl(op));
      } else if (op.type === "set-budget") {
        setBudget(this.state, op, (node) => this.#may(node, "admin"));
      } else {
        judge(op);
        results.push(this.#tree(op));
      }
      if (this.events.length > 0) this.state.revision += 1;
      return { ok: true, revision: this.state.revision, results, ...branched };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.state = before;
      this.events = [];
      const { code, excess } = error;
      this.reports = excess === undefined ? [] : [{ ...excess, bound: "hard" }];
      const exceeded = excess === undefined ? {} : { excess };
      return { ok: false, revision: before.revision, code, failed, ...branched, ...exceeded };
    }
  }

  #tree(op: TreeOp): OpResult {
    switch (op.type) {
      case "create":
        return this.#create(op);
      case "set":
      case "put":
        return this.#set(op);
      case "add":
        return this.#addTo(op);
      case "delete":
        return this.#delete(op);
      default:
        this.#mayFind(op.path, "read");
        this.#conditions(op.path, op.if);
        return { ok: true, path: op.path, stat: null };
    }
  }

  /** `behindFence` is looked at between the fence and everything else of a node that is there. */
  #conditions(path: string, wanted: Conditions, behindFence = (): void => {}): void {
    const node = this.state.nodes[path];
    if ("owner" in wanted || "children" in wanted || "value" in wanted) this.#mayFind(path, "read");
    if (wanted.exists === true && !node) refuse("ERR_FLOTILLA_NOT_FOUND");
    if (wanted.exists === false && node) refuse("ERR_FLOTILLA_EXISTS");
    if (wanted.mzxid !== undefined && (!node || node.mzxid !== wanted.mzxid)) refuse("ERR_FLOTILLA_FENCED");
    if (node) behindFence();
    if (wanted.version !== undefined && !node) refuse("ERR_FLOTILLA_NOT_FOUND");
    if (wanted.version !== undefined && node && node.sets !== wanted.version)
      refuse("ERR_FLOTILLA_BAD_VERSION");
    const { owner, children, value } = wanted;
    if (owner === undefined && children === undefined && value === undefined) return;
    const there = this.#node(path);
    if (owner !== undefined && there.owner !== owner) refuse("ERR_FLOTILLA_CONDITION");
    if (children !== undefined && this.children(path).length !== children) refuse("ERR_FLOTILLA_CONDITION");
    if (value !== undefined && [...value].join() !== there.value.join()) refuse("ERR_FLOTILLA_CONDITION");
  }

  /** Whether all hold, of the tree as it is. */
  #branch(conditions: readonly CheckOp[]): Branch {
    for (const { path } of conditions) this.#mayFind(path, "read");
    try {
      for (const { path, if: wanted } of conditions) this.#conditions(path, wanted);
      return "then";
    } catch (error) {
      if (error instanceof Refusal) return "else";
      throw error;
    }
  }

  #create(op: CreateOp): OpResult {
    if (op.lease !== null && this.state.leases[op.lease]?.session !== this.#session) {
      refuse("ERR_FLOTILLA_LOST");
    }
    if (op.lease !== null && this.state.graceMs > 0) refuse("ERR_FLOTILLA_GRACE");
    const acl = op.acl === undefined ? openAcl : settle(op.acl, this.#callers);
    const parent = this.#node(parentPath(op.path));
    this.#may(parent, "create");
    const path = op.sequential ? op.path + `${parent.births}`.padStart(10, "0") : op.path;
    if (path in this.state.nodes) refuse("ERR_FLOTILLA_EXISTS");
    const { lease: owner, guarded, container = false, ttlMs = null } = op;
    return this.#add(path, op.value, { owner, guarded, container, ttlMs, acl });
  }

  #add(path: string, value: Uint8Array, kind: GoldenKind): OpResult {
    const parent = this.#node(parentPath(path));
    if (parent.owner !== null) refuse("ERR_FLOTILLA_NO_CHILDREN_FOR_EPHEMERALS");
    const plan = { path, value, owner: kind.owner, timeMs: this.#timeMs };
    refuseBeyondBudget(this.state, plan);
    this.reports.push(...chargeBudgets(this.state, plan));
    const zxid = this.state.revision + 1;
    const times = { ctimeMs: this.#timeMs, mtimeMs: this.#timeMs };
    const counts = { sets: 0, births: 0, deaths: 0 };
    const zxids = { czxid: zxid, mzxid: zxid, pzxid: zxid };
    this.state.nodes[path] = { value: [...value], aclSets: 0, ...zxids, ...times, ...counts, ...kind };
    parent.births += 1;
    parent.pzxid = zxid;
    return this.#event("created", path);
  }

  #setAcl({ path, acl, aversion }: SetAclOp): OpResult {
    judgePath(path);
    const settled = settle(acl, this.#callers);
    const node = this.#node(path);
    this.#may(node, "admin");
    if (aversion !== undefined && aversion !== node.aclSets) refuse("ERR_FLOTILLA_BAD_VERSION");
    node.acl = settled;
    node.aclSets += 1;
    return { ok: true, path, stat: this.stat(path) };
  }

  #may(node: GoldenNode, what: Permission): void {
    if (!grants(node.acl, this.#callers, what)) refuse("ERR_FLOTILLA_NO_AUTH");
  }

  #mayFind(path: string, what: Permission): void {
    const node = this.state.nodes[path];
    if (node !== undefined) this.#may(node, what);
  }

  #set(op: SetOp): OpResult {
    this.#mayFind(op.path, "write");
    const plan = { path: op.path, value: op.value, owner: null, timeMs: this.#timeMs };
    this.#conditions(op.path, op.if, () => refuseBeyondBudget(this.state, plan));
    if (op.type === "put" && !(op.path in this.state.nodes))
      this.#may(this.#node(parentPath(op.path)), "create");
    if (op.type === "put" && !(op.path in this.state.nodes)) return this.#add(op.path, op.value, ordinary);
    const node = this.#node(op.path);
    this.reports.push(...chargeBudgets(this.state, plan));
    node.value = [...op.value];
    node.sets += 1;
    node.mzxid = this.state.revision + 1;
    node.mtimeMs = this.#timeMs;
    return this.#event("changed", op.path);
  }

  #addTo({ path, by, if: wanted }: AddOp): OpResult {
    this.#mayFind(path, "write");
    this.#mayFind(path, "read");
    this.#conditions(path, wanted);
    const sum = sumOf(this.state.nodes[path]?.value, by);
    const put = { type: "put", path, value: new TextEncoder().encode(`${sum}`), if: {} } as const;
    return withSum(this.#set(put), sum);
  }

  #delete(op: DeleteOp): OpResult {
    this.#mayFind(parentPath(op.path), "delete");
    this.#conditions(op.path, op.if);
    this.#node(op.path);
    if (!op.force) this.#refuseHeld(op.path);
    const below = this.below(op.path);
    if (below.length > 0 && op.recursive !== true) refuse("ERR_FLOTILLA_HAS_CHILDREN");
    if (this.events.length + below.length + 1 > 10_000) refuse("ERR_FLOTILLA_LIMIT");
    for (const path of [op.path, ...below])
      if (this.children(path).length > 0) this.#may(this.#node(path), "delete");
    for (const path of below) if (!op.force) this.#refuseHeld(path);
    for (const path of below.toReversed()) this.#remove(path);
    return this.#remove(op.path);
  }

  #refuseHeld(path: string): void {
    const node = this.state.nodes[path];
    if (node?.guarded !== true) return;
    if (this.state.leases[node.owner ?? ""]?.session !== this.#session) refuse("ERR_FLOTILLA_HELD");
  }

  #remove(path: string): OpResult {
    delete this.state.nodes[path];
    const parent = this.#node(parentPath(path));
    parent.deaths += 1;
    parent.pzxid = this.state.revision + 1;
    this.events.push({ type: "deleted", path, value: null, stat: null });
    return { ok: true, path, stat: null };
  }

  #end(leases: string[]): void {
    for (const path of this.paths()) {
      const owner = this.state.nodes[path]?.owner;
      if (typeof owner === "string" && leases.includes(owner)) this.#remove(path);
    }
    for (const id of leases) delete this.state.leases[id];
  }

  #event(type: "created" | "changed", path: string): OpResult {
    const stat = this.stat(path);
    this.events.push({ type, path, value: [...this.#node(path).value], stat });
    return { ok: true, path, stat };
  }
}
