import type { BudgetExcess } from "../src/budget.ts";
import type { Result } from "../src/types.ts";

export type Code = Extract<Result, { ok: false }>["code"];

export class Refusal extends Error {
  readonly code: Code;
  readonly excess: BudgetExcess | undefined;
  constructor(code: Code, excess?: BudgetExcess) {
    super(code);
    this.code = code;
    this.excess = excess;
  }
}

/** One of each: making an error takes longer than all that is judged. */
const refusals = new Map<Code, Refusal>();

export function refuse(code: Code): never {
  const refusal = refusals.get(code) ?? new Refusal(code);
  refusals.set(code, refusal);
  throw refusal;
}

/** Refused by a budget. */
export function refuseBeyond(excess: BudgetExcess): never {
  throw new Refusal("ERR_FLOTILLA_QUOTA", excess);
}
