import type { Node } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { Session, Watch } from "../client/api.ts";
import { sharedController } from "../shared-controller.ts";
import type { EvictOptions } from "./api.ts";
import { listen } from "./bounded.ts";
import { attempt, leave } from "./grant.ts";
import { allHolders, type LinePaths, readLine, waiterPath } from "./line.ts";
import { ensureContainer } from "./names.ts";
import { untilRoom } from "./no-room.ts";
import { type Calls, patient } from "./patient.ts";

/** Below it stands a node for each session that asks a holder to give its place up. */
function askedPath(paths: LinePaths, name: string): string {
  return `${paths.base}/asked/${name}`;
}

function requestPath({ id }: Session, paths: LinePaths, name: string): string {
  return `${askedPath(paths, name)}/${id}`;
}

/** Asks everyone who holds. Returns how many. */
export async function askHolders(session: Session, paths: LinePaths, signal: AbortSignal): Promise<number> {
  const calls = patient(session, signal);
  const holders = allHolders(await readLine(calls, paths));
  for (const { name } of holders) await ask(session, paths, name, signal);
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
  const [leader] = allHolders(await readLine(calls, paths));
  if (leader === undefined) return null;
  const { id, name } = leader;
  if (force) {
    await leave(calls, paths, name, { against: "held" });
    return id;
  }
  await ask(session, paths, name, signal);
  await untilGone(calls, waiterPath(paths, name), signal);
  signal.throwIfAborted();
  return id;
}

/** Requests of a session that are taken back once whoever was asked holds no more, until that is sent. */
const outstanding = new WeakMap<Session, Set<string>>();

/** Until whoever is asked holds no more, or the session ends; also when the wait ends while it is under way. */
async function ask(session: Session, paths: LinePaths, name: string, signal: AbortSignal): Promise<void> {
  const withdraw = (): void => void withdrawInTime(session, paths, name).catch(() => {});
  try {
    if (await request(session, paths, name, signal)) withdraw();
  } catch (error) {
    const isSeenTo = outstanding.get(session)?.has(requestPath(session, paths, name)) === true;
    if (FlotillaError.is(error) && error.ambiguous && !isSeenTo) withdraw();
    throw error;
  }
}

/** False when this session asks already. */
async function request(
  session: Session,
  paths: LinePaths,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const calls = patient(session, signal);
  const asked = askedPath(paths, name);
  const own = { type: "create", path: requestPath(session, paths, name), ephemeral: true } as const;
  // With what it stands below, so that whoever is asked hears one thing.
  const first = [{ type: "create", path: asked, container: true } as const, own];
  for (;;) {
    try {
      await calls.create(own.path, "", { ephemeral: true });
      return true;
    } catch (error) {
      if (FlotillaError.is(error, "ERR_FLOTILLA_EXISTS")) return false;
      if (!FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND")) throw error;
    }
    await ensureContainer(calls, `${paths.base}/asked`);
    if ((await attempt(calls, first)) !== null) return true;
  }
}

/** Takes the request away once whoever was asked holds no more. It ends with the session anyway. */
async function withdrawInTime(session: Session, paths: LinePaths, name: string): Promise<void> {
  const calls = patient(session, session.signal);
  const { clock, signal } = session;
  const own = { type: "delete", path: requestPath(session, paths, name) } as const;
  const all = outstanding.get(session) ?? new Set();
  outstanding.set(session, all.add(own.path));
  await untilRoom(clock, signal, () => untilGone(calls, waiterPath(paths, name), signal));
  all.delete(own.path);
  const above = { type: "delete", path: askedPath(paths, name) } as const;
  if ((await attempt(calls, [own, above])) !== null) return;
  // Others asked too: the last of them takes it along.
  await attempt(calls, [own]);
  await attempt(calls, [above]);
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

/** Resolves, once it listens, to a signal that fires when the holder is asked to give up. Listens until the given one fires. */
export async function hearAsking(
  session: Session,
  paths: LinePaths,
  name: string,
  until: AbortSignal,
): Promise<AbortSignal> {
  const watch = await patient(session, until).watch(askedPath(paths, name), {
    kind: "recursive",
    initial: true,
    values: false,
    filter: { types: ["created"] },
  });
  const stopListening = listen(until, () => void watch.close());
  const controller = sharedController();
  void abortWhenAsked(watch, controller, paths.base).finally(stopListening);
  return controller.signal;
}

/** The first event is a snapshot, which has the requests of all who asked before. */
async function abortWhenAsked(watch: Watch, controller: AbortController, base: string): Promise<void> {
  try {
    for await (const event of watch) {
      const nodes = event.type === "snapshot" ? event.nodes.map(({ node }) => node) : [event.node];
      if (!nodes.some(isRequest)) continue;
      controller.abort(new FlotillaError("ERR_FLOTILLA_ASKED_BACK", `${base} is asked back`));
      return;
    }
  } catch {
    // The session is lost, and the holding with it.
  }
}

function isRequest(node: Node | null): boolean {
  return node !== null && node.stat.ephemeralOwner !== null;
}
