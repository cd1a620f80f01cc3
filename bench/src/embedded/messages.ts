import type { StartOptions } from "@flotilla/coord";
import type { DelayRequest } from "./loop-delay.ts";
import type { LoopOptions, SimpleOperation } from "../load/job.ts";

/** What an embedded member needs to know to start. */
export type MemberOptions = Pick<StartOptions, "id" | "dataDir" | "listen"> &
  Required<Pick<StartOptions, "bootstrap">>;

/** The first message to an embedded member. */
export interface EmbeddedStart {
  readonly member: MemberOptions;
  /** Measure the delay of its event loop from now on. */
  readonly delay: boolean;
}

/** What the parent asks of an embedded member; each is answered in turn. */
export type EmbeddedRequest =
  | { readonly type: "fill" }
  | { readonly type: "role" }
  | { readonly type: "progress" }
  /** So many nodes in all. */
  | { readonly type: "grow"; readonly nodes: number }
  | DelayRequest
  | {
      readonly type: "load";
      readonly operation: SimpleOperation;
      readonly loop: LoopOptions;
    };

/** How far a member is. */
export interface Progress {
  readonly commit: number;
  readonly applied: number;
}

/** True for the answer to such a request. */
export function isProgress(value: unknown): value is Progress {
  return typeof value === "object" && value !== null && "commit" in value && "applied" in value;
}

/** True when the answer says that the member leads. */
export function saysLeader(answer: unknown): boolean {
  return typeof answer === "object" && answer !== null && "role" in answer && answer.role === "leader";
}
