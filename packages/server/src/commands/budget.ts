import type { BudgetInfo, Session } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/coord/client";
import { Command } from "commander";
import { budgetHead, budgetRows, parseBudget } from "../cli/budget-text.ts";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withSession } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";

/** `flotilla budget`: what may be used at and below a path, and what is. */
export function budgetCommand(context: Context): Command {
  const command = new Command("budget").description("show what may be used below a path, or bound it");
  for (const make of [lsCommand, getCommand, setCommand, rmCommand]) command.addCommand(make(context));
  return command;
}

function lsCommand(context: Context): Command {
  const command = new Command("ls")
    .description("list the budgets at and below a path, and how far they are used")
    .argument("[path]", "default: /", "/");
  return addClientOptions(command).action(async (path: string, flags: ClientFlags) => {
    const budgets = await withSession(context, flags, (session) => allOf(session, path));
    if (flags.json) context.out.json({ budgets });
    else context.out.table(budgetHead, budgets.flatMap(budgetRows));
  });
}

async function allOf(session: Session, path: string): Promise<readonly BudgetInfo[]> {
  const found: BudgetInfo[] = [];
  let after: string | null = null;
  do {
    const page = await session.budgets(path, after === null ? {} : { after });
    for (const each of page.budgets) found.push(each);
    after = page.next;
  } while (after !== null);
  return found;
}

function getCommand(context: Context): Command {
  const command = new Command("get").description("print the budget of a path").argument("<path>");
  return addClientOptions(command).action(async (path: string, flags: ClientFlags) => {
    const found = await withSession(context, flags, (session) => session.getBudget(path));
    if (found === null) throw new FlotillaError("ERR_FLOTILLA_NOT_FOUND", `${path} has no budget of its own`);
    if (flags.json) context.out.json(found);
    else context.out.table(budgetHead, budgetRows(found));
  });
}

function setCommand(context: Context): Command {
  const command = new Command("set")
    .description("bound what is used at and below a path, in place of what bounded it before")
    .argument("<path>")
    .argument("<bounds...>", "KIND=HARD or KIND=SOFT:HARD, such as nodes=1000 bytes=800000:1000000 rate=50:");
  return addClientOptions(command).action(async (path: string, texts: string[], flags: ClientFlags) => {
    const budget = parseBudget(texts);
    await withSession(context, flags, (session) => session.setBudget(path, budget));
    if (flags.json) context.out.json({ path, budget });
    else context.out.line(`${path} is bounded`);
  });
}

function rmCommand(context: Context): Command {
  const command = new Command("rm").description("take the budget of a path away").argument("<path>");
  return addClientOptions(command).action(async (path: string, flags: ClientFlags) => {
    await withSession(context, flags, (session) => session.setBudget(path, null));
    if (flags.json) context.out.json({ path, budget: null });
    else context.out.line(`${path} is bounded no more`);
  });
}
