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

  propose(payload: Uint8Array, options?: ProposeOptions): Promise<Proposed> {
    return this.#raft?.propose(payload, options) ?? Promise.reject(starting());
  }

  read(options?: ReadOptions): Promise<Index> {
    return this.#raft?.read(options) ?? Promise.reject(starting());
  }

  send(to: NodeId, payload: Uint8Array): void {
    this.#raft?.send(to, payload);
  }

  fail(error: Error): void {
    this.#raft?.fail(error);
  }

  status(): RaftStatus {
    invariant(this.#raft !== undefined, "RaftBound");
    return this.#raft.status();
  }
}

function starting(): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_DROPPED", "the member is starting");
}
