import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import { type LinePaths, readLine, waiterPath } from "./line.ts";
import { ensurePath } from "./names.ts";
import { type Calls, patient } from "./patient.ts";

/** The node that asks a holder to give its place up. */
export function askPath(paths: LinePaths, name: string): string {
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
    await ensurePath(calls, `${paths.base}/asked`);
  }
}

/** Takes the request away once whoever was asked holds no more. It ends with the session anyway. */
async function withdrawInTime(session: Session, paths: LinePaths, name: string): Promise<void> {
  const calls = patient(session, session.signal);
  const watch = await calls.watch(waiterPath(paths, name), { initial: true });
  for await (const event of watch) {
    const isGone = event.type === "snapshot" ? event.nodes.length === 0 : event.type === "deleted";
    if (isGone) break;
  }
  await calls.multi([{ type: "delete", path: askPath(paths, name) }]);
}
