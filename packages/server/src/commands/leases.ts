import type { LeaseEntry, Session } from "@flotilla/coord/client";
import { Command } from "commander";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withSession } from "../cli/client.ts";
import type { ConfirmFlags } from "../cli/confirm.ts";
import { confirm, yesOption } from "../cli/confirm.ts";
import type { Context } from "../cli/context.ts";
import { leaseTimes, remaining } from "../cli/lease-times.ts";

/** `flotilla leases`: what nodes end with, and to have a lease ended. */
export function leasesCommand(context: Context): Command {
  const command = new Command("leases").description("show the leases, or have one revoked");
  for (const make of [lsCommand, revokeCommand]) command.addCommand(make(context));
  return command;
}

function lsCommand(context: Context): Command {
  const command = new Command("ls")
    .description("list the leases; a session's own has its id")
    .option("--session <id>", "only those of this session");
  return addClientOptions(command).action(async (flags: ClientFlags & { readonly session?: string }) => {
    const all = await withSession(context, flags, allOf);
    const leases = all.filter(({ session }) => flags.session === undefined || session === flags.session);
    const times = await leaseTimes(context, flags);
    if (flags.json) {
      const timed = leases.map((each) => ({ ...each, remainingMs: times.get(each.id) ?? null }));
      context.out.json({ leases: timed });
      return;
    }
    const rows = leases.map(({ id, session, ttlMs, nodes, doomed }) => [
      id,
      session,
      `${ttlMs} ms`,
      remaining(times, id),
      String(nodes),
      doomed ? "ending" : "held",
    ]);
    context.out.table(["LEASE", "SESSION", "TTL", "LASTS", "NODES", "STATE"], rows);
  });
}

async function allOf(session: Session): Promise<readonly LeaseEntry[]> {
  const found: LeaseEntry[] = [];
  let after: string | null = null;
  do {
    const page = await session.leases(after === null ? {} : { after });
    for (const each of page.leases) found.push(each);
    after = page.next;
  } while (after !== null);
  return found;
}

function revokeCommand(context: Context): Command {
  const command = new Command("revoke")
    .description(
      "have a lease ended: it is renewed no more, and its nodes are gone after its TTL and a little",
    )
    .argument("<id>")
    .addOption(yesOption());
  return addClientOptions(command).action(async (id: string, flags: ClientFlags & ConfirmFlags) => {
    await confirm(context, `Every node of lease ${id} goes.`, flags);
    await withSession(context, flags, (session) => session.doom(id));
    if (flags.json) context.out.json({ id, doomed: true });
    else context.out.line(`${id} ends after its TTL`);
  });
}
