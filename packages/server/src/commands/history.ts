import type { NodeChange, NodeChangesPage, Session } from "@flotilla/coord/client";
import { Command } from "commander";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withSession } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import { parseCount } from "../cli/values.ts";

interface HistoryFlags extends ClientFlags {
  readonly limit?: string;
}

const pageSize = 1_000;

/** `flotilla history PATH` */
export function historyCommand(context: Context): Command {
  const command = new Command("history")
    .description("print who changed a node and when, the latest first")
    .argument("<path>")
    .option("--limit <n>", "changes at most; default: all that are remembered");
  return addClientOptions(command).action(async (path: string, flags: HistoryFlags) => {
    const limit = flags.limit === undefined ? Infinity : parseCount(flags.limit, "--limit");
    const { changes, floor } = await withSession(context, flags, (session) => latest(session, path, limit));
    if (flags.json) {
      const shown = changes.map((change) => ({ ...change, time: new Date(change.timeMs).toISOString() }));
      context.out.json({ path, changes: shown, floor });
      return;
    }
    const rows = changes.map(({ revision, timeMs, type, version, by }) => [
      String(revision),
      new Date(timeMs).toISOString(),
      type,
      String(version),
      by ?? "-",
    ]);
    context.out.table(["REVISION", "TIME", "CHANGE", "VERSION", "SESSION"], rows);
    if (floor.revision > 0) context.out.line(`nothing is remembered up to revision ${floor.revision}`);
  });
}

async function latest(
  session: Session,
  path: string,
  limit: number,
): Promise<Pick<NodeChangesPage, "changes" | "floor">> {
  const changes: NodeChange[] = [];
  let before: NodeChangesPage["next"] = null;
  for (;;) {
    const size = Math.min(pageSize, limit - changes.length);
    const page: NodeChangesPage = await session.history(path, {
      limit: Math.max(1, size),
      ...(before === null ? {} : { before }),
    });
    changes.push(...page.changes.slice(0, size));
    before = page.next;
    if (before === null || changes.length >= limit) return { changes, floor: page.floor };
  }
}
