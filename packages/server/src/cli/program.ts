import { Command } from "commander";
import type { Context } from "./context.ts";

type Make = (context: Context) => Command;

/** By name, in the order in which they are told of. One alone is read many times sooner than all of them. */
const commands: Readonly<Record<string, () => Promise<Make>>> = {
  serve: async () => (await import("../commands/serve.ts")).serveCommand,
  demo: async () => (await import("../commands/demo.ts")).demoCommand,
  status: async () => (await import("../commands/status.ts")).statusCommand,
  compare: async () => (await import("../commands/compare.ts")).compareCommand,
  members: async () => (await import("../commands/members.ts")).membersCommand,
  transfer: async () => (await import("../commands/transfer.ts")).transferCommand,
  leave: async () => (await import("../commands/leave.ts")).leaveCommand,
  repair: async () => (await import("../commands/repair.ts")).repairCommand,
  recover: async () => (await import("../commands/recover.ts")).recoverCommand,
  snapshot: async () => (await import("../commands/snapshot.ts")).snapshotCommand,
  ls: async () => (await import("../commands/ls.ts")).lsCommand,
  get: async () => (await import("../commands/get.ts")).getCommand,
  set: async () => (await import("../commands/set.ts")).setCommand,
  put: async () => (await import("../commands/set.ts")).putCommand,
  create: async () => (await import("../commands/create.ts")).createCommand,
  rm: async () => (await import("../commands/rm.ts")).rmCommand,
  du: async () => (await import("../commands/du.ts")).duCommand,
  multi: async () => (await import("../commands/multi.ts")).multiCommand,
  sessions: async () => (await import("../commands/sessions.ts")).sessionsCommand,
  leases: async () => (await import("../commands/leases.ts")).leasesCommand,
  elections: async () => (await import("../commands/elections.ts")).electionsCommand,
  locks: async () => (await import("../commands/locks.ts")).locksCommand,
  lock: async () => (await import("../commands/lock.ts")).lockCommand,
  semaphore: async () => (await import("../commands/lock.ts")).semaphoreCommand,
  elect: async () => (await import("../commands/elect.ts")).electCommand,
  keep: async () => (await import("../commands/keep.ts")).keepCommand,
  keeper: async () => (await import("../commands/keeper.ts")).keeperCommand,
  services: async () => (await import("../commands/services.ts")).servicesCommand,
  groups: async () => (await import("../commands/groups.ts")).groupsCommand,
  shards: async () => (await import("../commands/shards.ts")).shardsCommand,
  queues: async () => (await import("../commands/queues.ts")).queuesCommand,
  cron: async () => (await import("../commands/cron.ts")).cronCommand,
  config: async () => (await import("../commands/config.ts")).configCommand,
  acl: async () => (await import("../commands/acl.ts")).aclCommand,
  budget: async () => (await import("../commands/budget.ts")).budgetCommand,
  stat: async () => (await import("../commands/stat.ts")).statCommand,
  history: async () => (await import("../commands/history.ts")).historyCommand,
  watch: async () => (await import("../commands/watch.ts")).watchCommand,
  version: async () => (await import("../commands/version.ts")).versionCommand,
};

/** For processes of our own. */
const hiddenCommands: typeof commands = {
  "demo-member": async () => (await import("../commands/demo-member.ts")).demoMemberCommand,
};

const footer = `
Exit codes: 0 ok, 1 other, 2 usage, 3 no quorum or no connection, 4 denied, 5 conflict, 6 not found,
7 outcome unknown, 8 lost before the command had ended, 74 storage; lock, semaphore and elect end with the code
of their command.
Clients read FLOTILLA_ENDPOINTS, FLOTILLA_CLUSTER, FLOTILLA_SECRET, FLOTILLA_SECRET_FILE, FLOTILLA_AUTH,
FLOTILLA_AUTH_FILE, FLOTILLA_TIMEOUT.`;

/** The command line, as far as `name` needs it: all commands, unless it names one. Errors are thrown, not printed. */
export async function buildProgram(context: Context, name = ""): Promise<Command> {
  const program = new Command("flotilla")
    .description("Coordination for clusters of processes.")
    .option("-V, --version", "print the version")
    .enablePositionalOptions()
    .addHelpText("after", footer);
  const isKnown = Object.hasOwn(commands, name) || Object.hasOwn(hiddenCommands, name);
  const add = async (all: typeof commands, hidden: boolean): Promise<void> => {
    for (const [each, read] of Object.entries(all))
      if (!isKnown || each === name) program.addCommand((await read())(context), { hidden });
  };
  await add(commands, false);
  await add(hiddenCommands, true);
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
