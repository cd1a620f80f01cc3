import type { Applied, SessionId } from "./types.ts";
import type { KeptResult } from "./window.ts";

/** The answer to a request, its result encoded only where somebody asks for it. */
export class Answered implements Readonly<Extract<Applied, { type: "answered" }>> {
  readonly type = "answered";
  readonly session: SessionId;
  readonly attach: number;
  readonly seq: number;
  readonly repeat: boolean;
  readonly #kept: KeptResult;

  constructor(session: SessionId, attach: number, seq: number, repeat: boolean, kept: KeptResult) {
    this.session = session;
    this.attach = attach;
    this.seq = seq;
    this.repeat = repeat;
    this.#kept = kept;
  }

  get result(): Uint8Array {
    return this.#kept.bytes;
  }
}
