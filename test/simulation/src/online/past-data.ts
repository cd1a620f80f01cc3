import type { LogId } from "@flotilla/raft";
import type { NodeView } from "./node-view.ts";
import { ShadowLog } from "./shadow-log.ts";

/** Data that spoke for a member: what its disk certainly holds, or held. */
export interface Holder {
  readonly id: string;
  readonly incarnation: string;
  readonly durable: Pick<ShadowLog, "holds">;
  holdsDurably(entry: LogId): boolean;
}

/** What a disk held when some of it was lost: answers that it gave before may still be under way. */
export class PastData implements Holder {
  readonly id: string;
  readonly incarnation: string;
  readonly durable: ShadowLog = new ShadowLog();
  readonly #installs: readonly LogId[];

  constructor(node: NodeView) {
    this.id = node.id;
    this.incarnation = node.incarnation;
    this.durable.copyFrom(node.durable);
    this.#installs = node.installs();
  }

  holdsDurably(entry: LogId): boolean {
    return this.durable.holds(entry) || this.#installs.some(({ index }) => index === entry.index);
  }
}
