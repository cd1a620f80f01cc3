import type { ErrorCode } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import type { MultiItem, Session } from "../../client/api.ts";
import { requireOptions } from "../../client/call.ts";
import type { CallOptions } from "../../client/read-api.ts";
import { inTurn } from "../bounded.ts";
import type { CronPlaces } from "./places.ts";

/**
 * Deletes the nodes of a job by a command that fails while anything runs, also the session's own.
 * @throws FlotillaError `ERR_FLOTILLA_HELD`
 */
export async function forgetCron(
  session: Session,
  { base, running }: CronPlaces,
  options: CallOptions = {},
): Promise<void> {
  requireOptions(options);
  const bounds = inTurn(session.clock, options);
  const all: MultiItem = { type: "delete", path: base, recursive: true };
  const attempt = (check: MultiItem): Promise<ErrorCode | null> =>
    refusal(session.multi([check, all], bounds()));
  for (;;) {
    const idle = await attempt({ type: "check", path: running, if: { children: 0 } });
    if (idle === null) return;
    if (idle === "ERR_FLOTILLA_CONDITION")
      throw new FlotillaError("ERR_FLOTILLA_HELD", `${base}: a run of it goes on`);
    // Nothing runs where there is no place for it, unless one is made meanwhile.
    const never = await attempt({ type: "check", path: running, exists: false });
    if (never !== "ERR_FLOTILLA_EXISTS") return;
  }
}

const conflicts = ["ERR_FLOTILLA_CONDITION", "ERR_FLOTILLA_NOT_FOUND", "ERR_FLOTILLA_EXISTS"] as const;

/** Why the tree as it is does not take it; null when it does. */
async function refusal(writing: Promise<unknown>): Promise<ErrorCode | null> {
  try {
    await writing;
    return null;
  } catch (error) {
    const code = conflicts.find((each) => FlotillaError.is(error, each));
    if (code === undefined) throw error;
    return code;
  }
}
