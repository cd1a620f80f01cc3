import type { Session, SessionInfo } from "@flotilla/coord/client";
import { Command } from "commander";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withSession } from "../cli/client.ts";
import type { ConfirmFlags } from "../cli/confirm.ts";
import { confirm, yesOption } from "../cli/confirm.ts";
import type { Context } from "../cli/context.ts";
import { leaseTimes, remaining } from "../cli/lease-times.ts";

/** `flotilla sessions`: who is connected, and to have one ended. */
export function sessionsCommand(context: Context): Command {
  const command = new Command("sessions").description("show the open sessions, or have one ended");
  for (const make of [lsCommand, endCommand]) command.addCommand(make(context));
  return command;
}

function lsCommand(context: Context): Command {
  const command = new Command("ls").description("list the sessions; this command's own is one of them");
  return addClientOptions(command).action(async (flags: ClientFlags) => {
    const sessions = await withSession(context, flags, allOf);
    const times = await leaseTimes(context, flags);
    if (flags.json) {
      const timed = sessions.map((each) => ({ ...each, remainingMs: times.get(each.id) ?? null }));
      context.out.json({ sessions: timed });
      return;
    }
    const rows = sessions.map(({ id, ttlMs, leases, nodes, doomed }) => [
      id,
      `${ttlMs} ms`,
      remaining(times, id),
      String(leases),
      String(nodes),
      doomed ? "ending" : "open",
    ]);
    context.out.table(["SESSION", "TTL", "LASTS", "LEASES", "NODES", "STATE"], rows);
  });
}

async function allOf(session: Session): Promise<readonly SessionInfo[]> {
  const found: SessionInfo[] = [];
  let after: string | null = null;
  do {
    const page = await session.sessions(after === null ? {} : { after });
    for (const each of page.sessions) found.push(each);
    after = page.next;
  } while (after !== null);
  return found;
}

function endCommand(context: Context): Command {
  const command = new Command("expire")
    .alias("end")
    .description("have a session ended: it is renewed no more, and gone after its TTL and a little")
    .argument("<id>")
    .addOption(yesOption());
  return addClientOptions(command).action(async (id: string, flags: ClientFlags & ConfirmFlags) => {
    await confirm(context, `${id} loses all that it holds.`, flags);
    await withSession(context, flags, (session) => session.doom(id));
    if (flags.json) context.out.json({ id, doomed: true });
    else context.out.line(`${id} ends after its TTL`);
  });
}
