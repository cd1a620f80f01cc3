import type { Firing } from "./fault-context.ts";
import { numberArg, textArg } from "./fault-context.ts";
import { resolveServer } from "./targets.ts";

/** Every sync takes longer. */
export function slowDisk({ world, fault, random, whenOver }: Firing): string | null {
  const server = resolveServer(world, fault.target, random);
  if (server === null) return null;
  server.machine.disk.slow(numberArg(fault, "extraMs", 20));
  whenOver(() => server.machine.disk.slow(0));
  return server.id;
}

/** No write completes. */
export function stuckDisk({ world, fault, random, whenOver }: Firing): string | null {
  const server = resolveServer(world, fault.target, random);
  if (server === null) return null;
  server.machine.disk.stick();
  whenOver(() => server.machine.disk.unstick());
  return server.id;
}

/** The next write or sync fails: the member stops, and is started again by itself. */
export function failingDisk({ world, fault, random }: Firing): string | null {
  const server = resolveServer(world, fault.target, random);
  if (server === null) return null;
  server.machine.disk.failNext(textArg(fault, "cost") === "sync" ? "sync" : "write");
  return server.id;
}

/** No space is left: the member stops, and comes back when there is. */
export function fullDisk({ world, fault, random, whenOver }: Firing): string | null {
  const server = resolveServer(world, fault.target, random);
  if (server === null) return null;
  server.machine.disk.setFull(true);
  whenOver(() => server.machine.disk.setFull(false));
  return server.id;
}
