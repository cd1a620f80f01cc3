import { FlotillaError } from "@flotilla/runtime";
import { Command } from "commander";
import type { Context } from "../cli/context.ts";
import { CommandError } from "../cli/failure.ts";
import type { Line } from "../demo/ipc.ts";
import { lineToSupervisor } from "../demo/ipc.ts";
import { DemoMember } from "../demo/member.ts";
import type { MemberSpec } from "../demo/messages.ts";

/** `flotilla demo-member`: what the demo starts; not for people. */
export function demoMemberCommand(context: Context): Command {
  return new Command("demo-member").description("one process of the demo").action(async () => {
    const line = lineToSupervisor();
    if (line === null) {
      throw new CommandError(
        "ERR_FLOTILLA_BAD_ARGUMENT",
        "demo-member is started by the demo",
        "Run `flotilla demo`.",
      );
    }
    try {
      await runMember(line, context.stop);
    } catch (error) {
      const code = FlotillaError.is(error) ? error.code : "ERR_FLOTILLA_INTERNAL";
      const message = error instanceof Error ? error.message : String(error);
      await line.sendNow({ type: "failed", code, message });
      throw error;
    } finally {
      if (process.connected) process.disconnect();
    }
  });
}

async function runMember(line: Line, interrupted: AbortSignal): Promise<void> {
  const close = new AbortController();
  interrupted.addEventListener("abort", () => close.abort(), { once: true });
  let member: DemoMember | null = null as DemoMember | null;
  let stoppedSibling: number | null = null;
  const spec = new Promise<MemberSpec>((resolve) => {
    line.onMessage((message) => {
      if (message.type === "start") resolve(message.spec);
      else if (message.type === "pause") member?.askPause();
      else if (message.type === "close") close.abort();
      else stoppedSibling = message.pid;
    });
  });
  line.onDisconnect(() => {
    if (close.signal.aborted) return;
    // Nobody is left to wake a stopped sibling: it goes with the rest.
    if (stoppedSibling !== null) killQuietly(stoppedSibling);
    process.exit(1);
  });
  try {
    member = await DemoMember.load(await spec, line, close.signal);
    await member.run();
  } finally {
    close.abort();
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}
