import { setTimeout as pause } from "node:timers/promises";
import type { LockHold } from "@flotilla/coord";
import { start } from "@flotilla/coord";
import { monotonicUs } from "../raft/messages.ts";
import type { CoordAnswers, HolderJob, HolderRequest } from "./requests.ts";

const name = "bench";
const pollMs = 5;

/** Runs a member that holds or waits for the lock, as its parent says. `fail` hears what goes wrong. */
export async function takePart(
  { member, sessionTtlMs }: HolderJob,
  fail: (error: unknown) => void,
): Promise<object> {
  const node = await start({ ...member, sessionTtlMs });
  const lock = node.lock(name);
  let held: LockHold | null = null;
  const answer = async (request: HolderRequest): Promise<CoordAnswers[HolderRequest["type"]]> => {
    switch (request.type) {
      case "role":
        return { leads: node.status().role === "leader" };
      case "hold":
        held = await lock.acquire();
        return { atUs: monotonicUs() };
      case "waiters":
        while ((await lock.inspect()).waiters.length < request.count) await pause(pollMs);
        return {};
      case "release":
        await held?.release();
        held = null;
        return {};
      default: {
        const atUs = monotonicUs();
        void node.close().then(() => process.disconnect(), fail);
        return { atUs };
      }
    }
  };
  process.on("message", (request: HolderRequest) => {
    void answer(request).then((result) => process.send?.({ request: request.type, answer: result }), fail);
  });
  process.once("SIGTERM", () => {
    void node.close().then(() => process.exit(0), fail);
  });
  return {};
}
