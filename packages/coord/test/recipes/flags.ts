import type { StandardSchema } from "../../src/client/schema.ts";
import type { Config } from "../../src/recipes/config/api.ts";
import { isRecord } from "../../src/recipes/record.ts";
import type { Client } from "./world.ts";

/** What the tests configure. */
export interface Flags {
  readonly checkout: string;
  readonly rate: number;
}

/** A rate is a number from 0 to 1. */
function judge(value: unknown): ReturnType<StandardSchema<Flags>["~standard"]["validate"]> {
  const { checkout, rate } = isRecord(value) ? value : {};
  if (typeof checkout !== "string") return { issues: [{ message: "expected a text", path: ["checkout"] }] };
  if (typeof rate !== "number" || rate < 0 || rate > 1)
    return { issues: [{ message: "expected a number from 0 to 1", path: ["rate"] }] };
  return { value: { checkout, rate } };
}

export const flagsSchema: StandardSchema<Flags> = {
  "~standard": { version: 1, vendor: "test", validate: judge },
};

export const flagsOf = ({ coord }: Client, history?: number): Config<Flags> =>
  coord.config("flags", { schema: flagsSchema, ...(history === undefined ? {} : { history }) });
