import { valueOf } from "../clients/client.ts";
import type { LockSystem } from "../clients/lock.ts";
import { openLock } from "../clients/lock.ts";
import type { SystemName } from "../clients/open.ts";
import { openClient } from "../clients/open.ts";
import { closedLoop } from "./closed-loop.ts";
import { fanOut } from "./fan-out.ts";
import type { Job, LoadResult, SimpleOperation } from "./job.ts";
import type { Perform } from "./performer.ts";
import { performer, taker } from "./performer.ts";

/** A connection and what it does over and over. */
interface Actor {
  readonly perform: Perform;
  readonly client: { close(): Promise<void> };
}

type LoopJob = Job & { readonly operation: SimpleOperation | "lock" };

function hasLock(system: SystemName): system is LockSystem {
  return system !== "floor";
}

function opener({ system, operation, valueBytes }: LoopJob): (port: number) => Promise<Actor> {
  if (operation === "lock") {
    if (!hasLock(system)) throw new Error(`${system} has no lock`);
    const holders = { count: 0 };
    return async (port) => {
      const client = await openLock(system, port);
      return { client, perform: taker(holders, client) };
    };
  }
  const value = valueOf(valueBytes);
  return async (port) => {
    const client = await openClient(system, port, value);
    return { client, perform: performer(client, operation) };
  };
}

function loops(job: Job): job is LoopJob {
  return job.operation !== "watch" && job.operation !== "watchEvent";
}

async function perform(job: Job): Promise<LoadResult> {
  return loops(job) ? loop(job) : fanOut(job);
}

async function loop(job: LoopJob): Promise<LoadResult> {
  const { ports, connections } = job;
  const open = opener(job);
  const opening = Array.from({ length: connections }, (_, k) => open(ports[k % ports.length] ?? 0));
  const actors = await Promise.all(opening);
  const result = await closedLoop(
    actors.map((actor) => actor.perform),
    job,
  );
  await Promise.all(actors.map(({ client }) => client.close()));
  return result;
}

// The parent is this module's own launcher: what it sends is a job.
process.once("message", (job: Job) => {
  void perform(job).then(
    (result) => process.send?.(result, undefined, {}, () => process.disconnect()),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    },
  );
});
