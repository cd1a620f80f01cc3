import type { Acl } from "./acl.ts";
import type { Node, SessionId, Stat, TreeEvent } from "./types.ts";
import { bytesAt } from "./values.ts";
import type { Place } from "./values.ts";

/** Which change it was. */
export interface ChangeHead {
  readonly revision: number;
  readonly ordinal: number;
  readonly type: TreeEvent["type"];
  readonly path: string;
  readonly pathHash: number;
  readonly by: SessionId | null;
  readonly timeMs: number;
}

/** What a set replaced; all else of the node stayed. */
export interface Replaced extends Readonly<Place> {
  readonly mzxid: number;
  readonly mtimeMs: number;
}

/** What the parent said of its children before one of them came or went. */
export interface Family {
  readonly pathHash: number;
  readonly pzxid: number;
  readonly cversion: number;
  readonly numChildren: number;
}

/** `Replaced` of a changed node, else `Family`. */
export type Before = Replaced | Family;

/** An event as the tree makes it: the nodes before and after are put together only when somebody asks. */
export class Change implements TreeEvent {
  readonly revision: number;
  readonly ordinal: number;
  readonly type: TreeEvent["type"];
  readonly path: string;
  readonly by: SessionId | null;
  readonly timeMs: number;
  readonly pathHash: number;
  /** After the change; of a deleted node, before it. Nobody changes it later, nor `value`. */
  readonly stat: Stat;
  readonly value: Readonly<Place>;
  readonly before: Before;
  readonly acl?: Acl;

  /** `acl`: of the node; absent where it is the open one. */
  constructor(head: ChangeHead, stat: Stat, value: Readonly<Place>, before: Before, acl?: Acl) {
    this.revision = head.revision;
    this.ordinal = head.ordinal;
    this.type = head.type;
    this.path = head.path;
    this.by = head.by;
    this.timeMs = head.timeMs;
    this.pathHash = head.pathHash;
    this.stat = stat;
    this.value = value;
    this.before = before;
    if (acl !== undefined) this.acl = acl;
  }

  get node(): Node | null {
    return this.type === "deleted" ? null : { value: bytesAt(this.value), stat: this.stat };
  }

  get previous(): Node | null {
    const { before, stat } = this;
    if ("mzxid" in before) {
      const { mzxid, mtimeMs, length } = before;
      const was = { ...stat, mzxid, mtimeMs, version: stat.version - 1, dataLength: length };
      return { value: bytesAt(before), stat: was };
    }
    return this.type === "deleted" ? { value: bytesAt(this.value), stat } : null;
  }
}

/** Of a command that changed nothing. */
export const noEvents: readonly Change[] = [];
