import type { CoordNode, OpenedRaft } from "@flotilla/coord/node";
import type { RaftObserver, StopReason } from "@flotilla/raft";
import type { Host } from "@flotilla/runtime";
import type { NodeView } from "../online/node-view.ts";
import type { WorldContext } from "./context.ts";

/** What a process of a member is started with. */
export interface MemberStart {
  readonly world: WorldContext;
  readonly host: Host;
  readonly id: string;
  readonly address: string;
  /** Counts the processes of its machine. */
  readonly life: number;
  /** Whom it asks to be added, nobody when there are none; null for a founder. */
  readonly join: readonly string[] | null;
  readonly view: NodeView;
  readonly observer: RaftObserver;
  /** Hears of its log once that is open. */
  readonly opened: (raft: OpenedRaft) => void;
}

/** Whoever uses a log from within the process of its member. */
export interface Users {
  /** The last time that each of them was served, virtual ms. */
  readonly servedMs: number;
  /** Nothing of theirs is under way, and nothing will be. */
  readonly isDone: boolean;
  stop(): void;
}

/** A process of a member that takes part. */
export interface MemberProcess {
  /** Resolves when it has stopped. */
  readonly closed: Promise<StopReason>;
  /** How far it is, and a checksum of its whole state. */
  status(): { readonly applied: number; readonly lastIndex: number; readonly digest: string };
  /** Asks for the command whose apply throws. */
  poison(): Promise<unknown>;
  /** Hands over what it leads and stops. */
  close(): Promise<void>;
  /** The product; null when there is none. */
  readonly coord: CoordNode | null;
  /** Null when clients of the product use it. */
  readonly users: Users | null;
}

/** Starts a process of a member. */
export type StartMember = (start: MemberStart) => Promise<MemberProcess>;
