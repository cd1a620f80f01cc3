import { Command } from "commander";
import { compareCommand } from "../commands/compare.ts";
import { aclCommand } from "../commands/acl.ts";
import { budgetCommand } from "../commands/budget.ts";
import { createCommand } from "../commands/create.ts";
import { demoCommand } from "../commands/demo.ts";
import { demoMemberCommand } from "../commands/demo-member.ts";
import { getCommand } from "../commands/get.ts";
import { lsCommand } from "../commands/ls.ts";
import { leasesCommand } from "../commands/leases.ts";
import { historyCommand } from "../commands/history.ts";
import { leaveCommand } from "../commands/leave.ts";
import { electionsCommand } from "../commands/elections.ts";
import { keepCommand } from "../commands/keep.ts";
import { electCommand } from "../commands/elect.ts";
import { lockCommand, semaphoreCommand } from "../commands/lock.ts";
import { configCommand } from "../commands/config.ts";
import { cronCommand } from "../commands/cron.ts";
import { groupsCommand } from "../commands/groups.ts";
import { keeperCommand } from "../commands/keeper.ts";
import { queuesCommand } from "../commands/queues.ts";
import { shardsCommand } from "../commands/shards.ts";
import { locksCommand } from "../commands/locks.ts";
import { membersCommand } from "../commands/members.ts";
import { recoverCommand } from "../commands/recover.ts";
import { repairCommand } from "../commands/repair.ts";
import { duCommand } from "../commands/du.ts";
import { multiCommand } from "../commands/multi.ts";
import { servicesCommand } from "../commands/services.ts";
import { sessionsCommand } from "../commands/sessions.ts";
import { rmCommand } from "../commands/rm.ts";
import { serveCommand } from "../commands/serve.ts";
import { putCommand, setCommand } from "../commands/set.ts";
import { snapshotCommand } from "../commands/snapshot.ts";
import { statCommand } from "../commands/stat.ts";
import { statusCommand } from "../commands/status.ts";
import { transferCommand } from "../commands/transfer.ts";
import { versionCommand } from "../commands/version.ts";
import { watchCommand } from "../commands/watch.ts";
import type { Context } from "./context.ts";

const commands = [
  serveCommand,
  demoCommand,
  statusCommand,
  compareCommand,
  membersCommand,
  transferCommand,
  leaveCommand,
  repairCommand,
  recoverCommand,
  snapshotCommand,
  lsCommand,
  getCommand,
  setCommand,
  putCommand,
  createCommand,
  rmCommand,
  duCommand,
  multiCommand,
  sessionsCommand,
  leasesCommand,
  electionsCommand,
  locksCommand,
  lockCommand,
  semaphoreCommand,
  electCommand,
  keepCommand,
  keeperCommand,
  servicesCommand,
  groupsCommand,
  shardsCommand,
  queuesCommand,
  cronCommand,
  configCommand,
  aclCommand,
  budgetCommand,
  statCommand,
  historyCommand,
  watchCommand,
  versionCommand,
];

const footer = `
Exit codes: 0 ok, 1 other, 2 usage, 3 no quorum or no connection, 4 denied, 5 conflict, 6 not found,
7 outcome unknown, 8 lost before the command had ended, 74 storage; lock, semaphore and elect end with the code
of their command.
Clients read FLOTILLA_ENDPOINTS, FLOTILLA_CLUSTER, FLOTILLA_SECRET, FLOTILLA_SECRET_FILE, FLOTILLA_AUTH,
FLOTILLA_AUTH_FILE, FLOTILLA_TIMEOUT.`;

/** The whole command line. Errors are thrown, not printed. */
export function buildProgram(context: Context): Command {
  const program = new Command("flotilla")
    .description("Coordination for clusters of processes.")
    .addHelpText("after", footer);
  for (const make of commands) program.addCommand(make(context));
  program.addCommand(demoMemberCommand(context), { hidden: true });
  quieten(program, context);
  return program;
}

function quieten(command: Command, context: Context): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => context.out.line(text.trimEnd()),
    writeErr: () => {},
    outputError: () => {},
  });
  for (const each of command.commands) quieten(each, context);
}
