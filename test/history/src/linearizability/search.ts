import type { CompiledOp } from "./compile.ts";
import { EventList, head } from "./event-list.ts";
import { Memo } from "./memo.ts";
import { illegal } from "./model.ts";
import type { VersionedRegister } from "./model.ts";
import { OpSet } from "./op-set.ts";
import { ZxidOrder } from "./zxid-order.ts";

const shownOps = 8;

/** The verdict on one path or one history. */
export type Verdict = "linearizable" | "not-linearizable" | "undecided";

/** The furthest the search came before it had to turn back. */
export interface DeadEnd {
  /** How many operations had found their place. */
  readonly linearized: number;
  /** The last few of them, in order. */
  readonly last: readonly CompiledOp[];
  /** State after them. */
  readonly state: number;
  /** The completed operation that returned without fitting anywhere. */
  readonly stuck: CompiledOp;
  /** The operation not placed yet that shows the least zxid, and so holds back all later ones. */
  readonly oldest: CompiledOp | null;
}

export interface SearchResult {
  readonly verdict: Verdict;
  /** List entries examined. */
  readonly steps: number;
  /** Set when the search ever turned back. */
  readonly deadEnd: DeadEnd | null;
}

/**
 * Depth-first search for a linearization of one path (Wing and Gong, with Lowe's memo), with three
 * rules that keep wide histories cheap:
 *
 * - Greedy: a completed operation that fits now and changes nothing is linearized at once and never
 *   tried elsewhere. Moving it to now breaks no order in real time and no other operation's fit. Not
 *   so for an operation of unknown outcome, which need not happen at all.
 * - Lazy: an operation of unknown outcome is tried only where it changes the state, and the search has
 *   succeeded when no completed operation is left.
 * - Zxid order: no step leads to a zxid beyond one that a completed operation was answered with and
 *   that is not linearized yet; zxids only grow, so that operation would never fit again.
 */
export class Search {
  readonly #ops: readonly CompiledOp[];
  readonly #model: VersionedRegister;
  readonly #maxSteps: number;
  readonly #list: EventList;
  readonly #set: OpSet;
  readonly #zxids: ZxidOrder;
  readonly #memo = new Memo();
  readonly #completed: number;
  readonly #order: Int32Array;
  /** State before each step of the order; -1 marks a greedy step, which was no choice. */
  readonly #before: Int32Array;
  #depth = 0;
  #completedLeft: number;
  #state: number;
  #steps = 0;
  #deepest = -1;
  #deadEnd: DeadEnd | null = null;

  constructor(ops: readonly CompiledOp[], model: VersionedRegister, maxSteps: number) {
    this.#ops = completedFirst(ops);
    this.#model = model;
    this.#maxSteps = maxSteps;
    this.#completed = ops.filter((op) => op.return !== Infinity).length;
    this.#completedLeft = this.#completed;
    this.#list = new EventList(this.#ops);
    this.#set = new OpSet(this.#completed, ops.length - this.#completed);
    this.#zxids = new ZxidOrder(this.#ops.slice(0, this.#completed));
    this.#order = new Int32Array(ops.length);
    this.#before = new Int32Array(ops.length);
    this.#state = model.initial;
  }

  /** Runs to the end, or until more than `maxSteps` list entries were examined. Call it once. */
  run(): SearchResult {
    let node = this.#enter();
    while (this.#completedLeft > 0) {
      if (this.#steps > this.#maxSteps) return this.#result("undecided");
      node = this.#branch(node) ? this.#enter() : this.#backtrack();
      if (node === head && this.#completedLeft > 0) return this.#result("not-linearizable");
    }
    return this.#result("linearizable");
  }

  /** Where to look for choices after a change of state; backtracks when all of this was seen. */
  #enter(): number {
    this.#linearizeUnchanging();
    if (this.#completedLeft === 0) return head;
    return this.#memo.addIfNew(this.#set, this.#state) ? this.#list.next(head) : this.#backtrack();
  }

  #linearizeUnchanging(): void {
    let node = this.#list.next(head);
    while (node !== head) {
      this.#steps++;
      const op = this.#list.calledAt(node);
      if (op < 0) return;
      const previous = this.#list.previous(node);
      if (op < this.#completed && this.#apply(op) === this.#state) {
        this.#push(op, -1);
        node = this.#list.next(previous);
      } else {
        node = this.#list.next(node);
      }
    }
  }

  /** Linearizes the first operation from `node` on that fits and changes the state. */
  #branch(from: number): boolean {
    let node = from;
    for (;;) {
      this.#steps++;
      const op = this.#list.calledAt(node);
      if (node === head || op < 0) break;
      const state = this.#apply(op);
      if (state !== illegal && state !== this.#state && this.#choose(op, state)) return true;
      node = this.#list.next(node);
    }
    this.#noteDeadEnd(node);
    return false;
  }

  /** Linearizes the operation, unless an answer that is still to be placed shows an older zxid. */
  #choose(op: number, state: number): boolean {
    this.#push(op, this.#state);
    this.#state = state;
    if (this.#model.state(state).zxid <= this.#zxids.least()) return true;
    this.#backtrack();
    return false;
  }

  /** Undoes the last choice; returns the entry after it, or `head` when there is none. */
  #backtrack(): number {
    while (this.#depth > 0) {
      this.#depth--;
      const op = this.#order[this.#depth] ?? 0;
      const before = this.#before[this.#depth] ?? 0;
      this.#list.unlift(op);
      this.#set.delete(op);
      this.#zxids.delete(op);
      if (op < this.#completed) this.#completedLeft++;
      if (before < 0) continue;
      this.#state = before;
      return this.#list.next(this.#list.callOf(op));
    }
    return head;
  }

  #push(op: number, before: number): void {
    this.#order[this.#depth] = op;
    this.#before[this.#depth] = before;
    this.#depth++;
    this.#list.lift(op);
    this.#set.add(op);
    this.#zxids.add(op);
    if (op < this.#completed) this.#completedLeft--;
  }

  #apply(op: number): number {
    return this.#model.apply(this.#state, this.#op(op));
  }

  #op(index: number): CompiledOp {
    const op = this.#ops[index];
    if (op === undefined) throw new RangeError(`no operation ${index}`);
    return op;
  }

  #noteDeadEnd(node: number): void {
    const done = this.#completed - this.#completedLeft;
    if (node === head || done <= this.#deepest) return;
    this.#deepest = done;
    const last = [...this.#order.subarray(Math.max(0, this.#depth - shownOps), this.#depth)].map((op) =>
      this.#op(op),
    );
    const oldest = this.#zxids.leastOp();
    this.#deadEnd = {
      linearized: this.#depth,
      last,
      state: this.#state,
      stuck: this.#op(this.#list.returningAt(node)),
      oldest: oldest === undefined ? null : this.#op(oldest),
    };
  }

  #result(verdict: Verdict): SearchResult {
    return { verdict, steps: this.#steps, deadEnd: this.#deadEnd };
  }
}

function completedFirst(ops: readonly CompiledOp[]): CompiledOp[] {
  return ops.toSorted(
    (a, b) => isUnknown(a) - isUnknown(b) || a.invoke - b.invoke || a.record.id - b.record.id,
  );
}

function isUnknown(op: CompiledOp): number {
  return Number(op.return === Infinity);
}
