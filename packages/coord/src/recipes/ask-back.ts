import { FlotillaError } from "@flotilla/runtime";
import type { Session, Watch } from "../client/api.ts";
import { sharedController } from "../shared-controller.ts";
import type { EvictOptions } from "./api.ts";
import { listen } from "./bounded.ts";
import { leave } from "./grant.ts";
import { type LinePaths, readLine, waiterPath } from "./line.ts";
import { ensureContainer } from "./names.ts";
import { type Calls, patient } from "./patient.ts";

/** The node that asks a holder to give its place up. */
function askPath(paths: LinePaths, name: string): string {
  return `${paths.base}/asked/${name}`;
}

/** Asks everyone who holds. Returns how many. */
export async function askHolders(session: Session, paths: LinePaths, signal: AbortSignal): Promise<number> {
  const calls = patient(session, signal);
  const { holders } = await readLine(calls, paths);
  for (const { name } of holders) {
    if (await ask(calls, paths, name)) void withdrawInTime(session, paths, name).catch(() => {});
  }
  return holders.length;
}

/**
 * Has whoever leads give up, by asking or, with `force`, by taking its place. Returns its id once it does not lead any
 * more; null when nobody did. When the signal fires, the asking goes on.
 */
export async function evict(
  session: Session,
  paths: LinePaths,
  { force = false }: Pick<EvictOptions, "force">,
  signal: AbortSignal,
): Promise<string | null> {
  const calls = patient(session, signal);
  const [leader] = (await readLine(calls, paths)).holders;
  if (leader === undefined) return null;
  const { id, name } = leader;
  if (force) {
    await leave(calls, paths, name, { against: "held" });
    return id;
  }
  if (await ask(calls, paths, name)) void withdrawInTime(session, paths, name).catch(() => {});
  await untilGone(calls, waiterPath(paths, name), signal);
  signal.throwIfAborted();
  return id;
}

/** False when somebody asked before. */
async function ask(calls: Calls, paths: LinePaths, name: string): Promise<boolean> {
  const path = askPath(paths, name);
  for (;;) {
    try {
      await calls.create(path, "", { ephemeral: true });
      return true;
    } catch (error) {
      if (FlotillaError.is(error, "ERR_FLOTILLA_EXISTS")) return false;
      if (!FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND")) throw error;
    }
    await ensureContainer(calls, `${paths.base}/asked`);
  }
}

/** Takes the request away once whoever was asked holds no more. It ends with the session anyway. */
async function withdrawInTime(session: Session, paths: LinePaths, name: string): Promise<void> {
  const calls = patient(session, session.signal);
  await untilGone(calls, waiterPath(paths, name), session.signal);
  await calls.multi([{ type: "delete", path: askPath(paths, name) }]);
}

/** Resolves when there is no node at the path, or the signal fires. */
async function untilGone(calls: Calls, path: string, signal: AbortSignal): Promise<void> {
  const watch = await calls.watch(path, { initial: true });
  const stopListening = listen(signal, () => void watch.close());
  for await (const event of watch) {
    if (event.type === "snapshot" ? event.nodes.length === 0 : event.type === "deleted") break;
  }
  stopListening();
}

/** Resolves, once it listens, to a signal that fires when the holder is asked to give up. */
export async function hearAsking(
  session: Session,
  paths: LinePaths,
  name: string,
  { arming, until }: { readonly arming: AbortSignal; readonly until: AbortSignal },
): Promise<AbortSignal> {
  const watch = await patient(session, arming).watch(askPath(paths, name), { initial: true });
  const stopListening = listen(until, () => void watch.close());
  const controller = sharedController();
  void abortWhenAsked(watch, controller, paths.base).finally(stopListening);
  return controller.signal;
}

/** The first event is a snapshot, which has the node when somebody asked before. */
async function abortWhenAsked(watch: Watch, controller: AbortController, base: string): Promise<void> {
  try {
    for await (const event of watch) {
      const isAsked = event.type === "snapshot" ? event.nodes.length > 0 : event.type !== "deleted";
      if (!isAsked) continue;
      controller.abort(new FlotillaError("ERR_FLOTILLA_ASKED_BACK", `${base} is asked back`));
      return;
    }
  } catch {
    // The session is lost, and the holding with it.
  }
}
