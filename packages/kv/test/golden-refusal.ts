import type { Result } from "../src/types.ts";

export type Code = Extract<Result, { ok: false }>["code"];

export class Refusal extends Error {
  readonly code: Code;
  constructor(code: Code) {
    super(code);
    this.code = code;
  }
}

/** One of each: making an error takes longer than all that is judged. */
const refusals = new Map<Code, Refusal>();

export function refuse(code: Code): never {
  const refusal = refusals.get(code) ?? new Refusal(code);
  refusals.set(code, refusal);
  throw refusal;
}
