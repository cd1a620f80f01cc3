import { FlotillaError } from "@flotilla/runtime";
import type { MemberChange } from "../core/config/apply-changes.ts";
import { isJoint } from "../core/config/configuration.ts";
import type { Configuration } from "../core/config/configuration.ts";
import type { ChangeMembers } from "../core/event.ts";
import type { Changed } from "../core/ready.ts";
import type { Index, Role, Term } from "../core/types.ts";
import { closedError } from "./status.ts";

/** Where a change is in the log: the entry, and the term in which this node led when it placed it there. */
interface Place {
  readonly index: Index;
  readonly term: Term;
}

interface Waiting {
  readonly resolve: (configuration: Configuration) => void;
  readonly reject: (error: FlotillaError) => void;
  /** Null before the core has answered. */
  placed: Place | null;
}

/** Where the node stands at the end of a turn. */
export interface Standing {
  readonly role: Role;
  readonly term: Term;
  readonly committedConfiguration: Configuration;
  /** Term of entry `index`; null when it is compacted away or not there yet. */
  termAt(index: Index): Term | null;
}

/** Callers that want other members, from the call until the change is through or its fate is another leader's. */
export class ChangeWaiters {
  readonly #waiting = new Map<number, Waiting>();
  readonly #start: (event: ChangeMembers) => void;
  #nextId = 1;
  #closed = false;

  /** `start` has the core begin. */
  constructor(start: (event: ChangeMembers) => void) {
    this.#start = start;
  }

  /** Has the core begin, unless the node is closed. */
  begin(changes: readonly MemberChange[], ifVersion: Index | null): Promise<Configuration> {
    if (this.#closed) return Promise.reject(closedError());
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, placed: null });
      this.#start({ type: "change-members", id, changes, ifVersion });
    });
  }

  /** The core has answered. */
  answered({ id, index, term, refusal }: Changed): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    if (refusal === null) waiting.placed = { index, term };
    else this.#take(id)?.reject(refusal);
  }

  /** To be called at the end of a turn, with what the state machine has applied. */
  settle(standing: Standing, applied: Index): void {
    if (this.#waiting.size === 0) return;
    const { committedConfiguration: committed } = standing;
    for (const [id, { placed }] of this.#waiting) {
      if (placed === null) continue;
      const isThrough = committed.index >= placed.index && !isJoint(committed);
      if (!leads(standing, placed) && !(isThrough && holds(standing, placed)))
        this.#take(id)?.reject(unknown());
      else if (isThrough && applied >= committed.index) this.#take(id)?.resolve(committed);
    }
  }

  close(): void {
    this.#closed = true;
    for (const [id, { placed }] of this.#waiting)
      this.#take(id)?.reject(placed === null ? closedError() : unknown());
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}

/** Only the term's own leader knows that what is committed there is what it appended. */
function leads({ role, term }: Standing, placed: Place): boolean {
  return role === "leader" && term === placed.term;
}

/**
 * True when a log whose configuration at or behind that place is committed still holds the change: a later leader's
 * entry has a later term. One of an earlier term was there, and committed, when the change was asked for and found
 * made already: a leader changes members only once an entry of its own term is committed. Of what is compacted away
 * nobody can tell.
 */
function holds(standing: Standing, placed: Place): boolean {
  const term = standing.termAt(placed.index);
  return term !== null && term <= placed.term;
}

function unknown(): FlotillaError {
  return new FlotillaError(
    "ERR_FLOTILLA_UNKNOWN_OUTCOME",
    "leadership was lost before the change was through",
    {
      ambiguous: true,
    },
  );
}
