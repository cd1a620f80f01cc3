import type { SessionDelivery, ValuedStream } from "@flotilla/history";
import type { Identity, Node } from "@flotilla/kv";
import type { CounterCall, HandedId } from "./accountant.ts";
import { PlayBook } from "../plays/play-book.ts";
import type { FollowRecord, LookRecord } from "./followed.ts";

/** One write of one session, in the order of the calls. */
export interface WriteCall {
  readonly session: string;
  /** What was asked for, to be found again in the log. */
  readonly type: string;
  readonly path: string;
  readonly value: string | null;
  /** `unsent`: it never had a number. */
  outcome: "open" | "ok" | "fail" | "unknown" | "unsent";
  zxid: number | null;
  completedMs: number | null;
  /** The operation of the history that it is. */
  readonly opId: number | null;
}

/** What one read showed. */
export interface ReadRecord {
  readonly session: string;
  readonly level: "linearizable" | "local";
  readonly path: string;
  /** The highest revision the session had seen when it asked. */
  readonly seen: number;
  /** Of the node; null when it was absent. */
  readonly mzxid: number | null;
  readonly version: number | null;
  readonly value: string | null;
}

/** Names of children that one linearizable read showed. */
export interface ChildrenRecord {
  readonly session: string;
  readonly path: string;
  readonly names: readonly string[];
  /** The last revision that anybody was told of before, and the last one there was when the answer came. */
  readonly least: number;
  readonly most: number;
}

/** What one read of the past showed of a node. */
export interface PastReadRecord {
  readonly session: string;
  readonly path: string;
  readonly revision: number;
  readonly node: Node | null;
}

/** All names of children that one read of the past showed. */
export interface PastNamesRecord {
  readonly session: string;
  readonly path: string;
  readonly revision: number;
  readonly names: readonly string[];
}

/** What one linearizable read showed of a node with an access list, asked after so many commands, answered after so many. */
export interface AclReadRecord {
  readonly session: string;
  readonly path: string;
  readonly shown: "node" | "absent" | "refused";
  readonly from: number;
  readonly to: number;
}

/** The stream of one watch, over all sessions that resumed it. */
export interface WatchRecord {
  readonly id: string;
  readonly stream: ValuedStream;
  /** The revision it has to have told of, at least; null when it came to an end by itself or was cut off. */
  due: number | null;
}

/** A write that was only to be done while a leadership stood. */
export interface FencedRecord {
  readonly object: string;
  readonly epoch: number;
  readonly revision: number;
}

/** A session that its client was told of. */
export interface OpenedSession {
  /** A member has it from its start. */
  readonly isOwn: boolean;
  /** Commands that there were in the log then. */
  readonly commands: number;
}

function rank({ kind }: SessionDelivery): number {
  return kind === "answer" ? 1 : 0;
}

/** Everything that clients asked and were told, beside the history of single operations. */
export class Ledger {
  readonly writes: Map<string, WriteCall[]> = new Map();
  readonly #deliveries: { readonly turn: number; readonly delivery: SessionDelivery }[] = [];
  readonly #turn: () => number;
  readonly reads: ReadRecord[] = [];
  readonly children: ChildrenRecord[] = [];
  readonly pastReads: PastReadRecord[] = [];
  readonly pastNames: PastNamesRecord[] = [];
  readonly aclReads: AclReadRecord[] = [];
  /** Who those are that use access lists, by session. */
  readonly identities: Map<string, readonly Identity[]> = new Map();
  readonly watches: WatchRecord[] = [];
  readonly fenced: FencedRecord[] = [];
  /** Who followed leaders and registrations, and who looked at them once. */
  readonly followed: FollowRecord[] = [];
  readonly looks: LookRecord[] = [];
  /** What was asked of counters, and ids that were handed out. */
  readonly counterCalls: CounterCall[] = [];
  readonly handedIds: HandedId[] = [];
  /** What those who take part in recipes asked and were told. */
  readonly plays: PlayBook = new PlayBook();
  /** Registrations that were deleted on purpose by another session than their own: that session and the path. */
  readonly swept: Set<string> = new Set();
  /** Sessions that their clients were told of. */
  readonly opened: Map<string, OpenedSession> = new Map();
  /** Sessions whose process died without closing them. */
  readonly orphans: Set<string> = new Set();
  /** Answers of any kind. */
  answered = 0;
  /** The highest revision that any client was told of. */
  told = 0;

  /** @param turn number of the event that is running */
  constructor(turn: () => number) {
    this.#turn = turn;
  }

  /** Notes what a session's client was handed. */
  deliver(delivery: SessionDelivery): void {
    this.#deliveries.push({ turn: this.#turn(), delivery });
  }

  /**
   * In order of delivery. What came in one turn of the event loop waits for its reader side by side: there
   * events count as told before answers, for which promise is followed first is up to the application.
   */
  deliveries(): SessionDelivery[] {
    return this.#deliveries
      .toSorted((a, b) => a.turn - b.turn || rank(a.delivery) - rank(b.delivery))
      .map(({ delivery }) => delivery);
  }
}
