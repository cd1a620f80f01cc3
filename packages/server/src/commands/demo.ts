import { randomInt } from "node:crypto";
import { Command } from "commander";
import { jsonOption } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import { CommandError } from "../cli/failure.ts";
import type { DemoEvent } from "../demo/events.ts";
import { eventJson, eventLine } from "../demo/events.ts";
import type { FaultKind } from "../demo/faults.ts";
import { faultKinds } from "../demo/faults.ts";
import type { DemoFlags, DemoOptions } from "../demo/options.ts";
import { loadDemoOptions } from "../demo/options.ts";
import { Screen } from "../demo/screen.ts";
import type { Outcome } from "../demo/summary.ts";
import { complaints, summarize, summaryLines } from "../demo/summary.ts";
import { Supervisor } from "../demo/supervisor.ts";

const faultOfKey: Readonly<Record<string, FaultKind>> = {
  k: "kill-leader",
  w: "kill-worker",
  p: "pause-leader",
  r: "rolling-restart",
};
const controlC = "\u0003";
const seeds = 1_000_000;

/** `flotilla demo`: a real cluster of five processes, to watch and to hurt. */
export function demoCommand(context: Context): Command {
  return new Command("demo")
    .description("run a cluster of five processes on this machine, and hurt it")
    .option("--docs <dir>", "text files to search (default: the project's own)")
    .option("--data <dir>", "keep the members' data there")
    .option("--headless", "without a terminal view; for 40s with three faults unless told otherwise")
    .option("--for <duration>", "how long, such as 40s")
    .option("--faults <list>", `${faultKinds.join(",")}; each at least once`)
    .option("--seed <n>", "for the order and timing of faults, and the queries")
    .addOption(jsonOption())
    .action(async (flags: DemoFlags) => {
      await demo(context, loadDemoOptions(flags, context.out.isTerminal, randomInt(seeds)));
    });
}

async function demo(context: Context, options: DemoOptions): Promise<void> {
  const quit = new AbortController();
  context.stop.addEventListener("abort", () => quit.abort(), { once: true });
  const supervisor = await Supervisor.prepare(options, (event) => tell(context, options, event));
  const screen = options.output === "screen" ? openScreen(supervisor, quit) : null;
  let outcome: Outcome;
  try {
    outcome = await supervisor.run(options, quit.signal);
  } finally {
    screen?.close();
  }
  report(context, options, outcome);
}

function tell({ out }: Context, { output }: DemoOptions, event: DemoEvent): void {
  if (output === "json") out.json(eventJson(event));
  else if (output === "lines") out.line(eventLine(event));
}

function openScreen(supervisor: Supervisor, quit: AbortController): Screen {
  return new Screen(
    process.stdout,
    process.stdin,
    () => supervisor.view(),
    (key) => {
      if (key === "q" || key === controlC) quit.abort();
      const kind = faultOfKey[key];
      if (kind !== undefined && !quit.signal.aborted) void supervisor.fault(kind);
    },
  );
}

function report({ out }: Context, { output }: DemoOptions, outcome: Outcome): void {
  const summary = summarize(outcome);
  const wrong = complaints(outcome);
  if (output === "json") out.json(summary);
  else for (const line of summaryLines(summary)) out.line(line);
  if (wrong.length > 0) {
    throw new CommandError(
      "ERR_FLOTILLA_INTERNAL",
      wrong.join("; "),
      "Run it again with --data DIR to keep the members' logs.",
    );
  }
}
