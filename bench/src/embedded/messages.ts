import type { StartOptions } from "@flotilla/coord";
import type { LoopOptions, SimpleOperation } from "../load/job.ts";

/** What an embedded member needs to know to start. */
export type MemberOptions = Pick<StartOptions, "id" | "dataDir" | "listen"> &
  Required<Pick<StartOptions, "bootstrap">>;

/** What the parent asks of an embedded member; each is answered in turn. */
export type EmbeddedRequest =
  | { readonly type: "fill" }
  | { readonly type: "role" }
  | {
      readonly type: "load";
      readonly operation: SimpleOperation;
      readonly loop: LoopOptions;
    };

/** True when the answer says that the member leads. */
export function saysLeader(answer: unknown): boolean {
  return typeof answer === "object" && answer !== null && "role" in answer && answer.role === "leader";
}
