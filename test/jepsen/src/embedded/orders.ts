import type { Plan } from "../plan/plan.ts";

/** What a program with a member in it is told in its environment, as JSON. */
export const ordersVariable = "JEPSEN_ORDERS";

export interface Orders {
  readonly plan: Plan;
  /** Numbers of the clients it runs. */
  readonly clients: readonly number[];
  /** What goes before their names: new in each life. */
  readonly prefix: string;
  /** Gets what they do and see. */
  readonly journal: string;
  /** `process.hrtime` at which the run began, in digits; null: it has not yet. */
  readonly beganNs: string | null;
}

/** What it is told over its channel, and what it answers to `stop`. */
export type Word =
  | { readonly type: "begin"; readonly beganNs: string }
  | { readonly type: "stop" }
  | { readonly type: "stopped" };

export function isWord(message: unknown): message is Word {
  return typeof message === "object" && message !== null && "type" in message;
}
