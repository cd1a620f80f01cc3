import type { Index, NodeId, Proposed, ProposeOptions, RaftStatus, ReadOptions } from "@flotilla/raft";
import { FlotillaError, invariant } from "@flotilla/runtime";
import type { RaftPort } from "./raft-port.ts";

/** Stands for the raft node while it opens: it applies its log before anybody can hold it. */
export class LateRaft implements RaftPort {
  #raft: RaftPort | undefined;

  /** From now on calls reach it. */
  bind(raft: RaftPort): void {
    this.#raft = raft;
  }

  async propose(payload: Uint8Array, options?: ProposeOptions): Promise<Proposed> {
    return this.#bound().propose(payload, options);
  }

  async read(options?: ReadOptions): Promise<Index> {
    return this.#bound().read(options);
  }

  send(to: NodeId, payload: Uint8Array): void {
    this.#raft?.send(to, payload);
  }

  status(): RaftStatus {
    invariant(this.#raft !== undefined, "RaftBound");
    return this.#raft.status();
  }

  #bound(): RaftPort {
    if (this.#raft !== undefined) return this.#raft;
    throw new FlotillaError("ERR_FLOTILLA_DROPPED", "the member is starting");
  }
}
