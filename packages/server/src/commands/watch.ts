import type { WatchEvent } from "@flotilla/coord/client";
import { Command } from "commander";
import type { ClientFlags } from "../cli/client.ts";
import { addClientOptions, withSession } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";
import { printable } from "../cli/output.ts";
import { jsonNode, jsonValue } from "../cli/values.ts";

interface WatchFlags extends ClientFlags {
  readonly recursive?: true;
  readonly children?: true;
  readonly initial?: true;
}

const shownCharacters = 200;
const compacted = "changes were compacted; ";

/** `flotilla watch PATH`, until Ctrl-C. */
export function watchCommand(context: Context): Command {
  const command = new Command("watch")
    .description("print changes as they happen, until Ctrl-C")
    .argument("<path>")
    .option("-R, --recursive", "the node and everything below it")
    .option("--children", "only children that come and go")
    .option("--initial", "begin with what is there");
  return addClientOptions(command).action(async (path: string, flags: WatchFlags) => {
    const kind = flags.recursive ? "recursive" : flags.children ? "children" : "data";
    await withSession(context, flags, async (session) => {
      const initial = flags.initial ?? false;
      const watch = await session.watch(path, { kind, initial, signal: context.stop });
      context.out.note(`watching ${path}`);
      let why = initial ? "" : compacted;
      for await (const event of watch) {
        tell(context, event, flags.json ? null : why);
        why = compacted;
      }
    });
  });
}

/** `why` tells people of the reason for a snapshot; null: for programs. */
function tell({ out }: Context, event: WatchEvent, why: string | null): void {
  if (why === null) out.json(forPrograms(event));
  else for (const line of forPeople(event, why)) out.line(line);
}

function forPrograms(event: WatchEvent): Record<string, unknown> {
  const { type, revision, token } = event;
  if (event.type === "snapshot") {
    return { type, revision, token, nodes: event.nodes.map(({ path, node }) => jsonNode(path, node)) };
  }
  return {
    ...(event.node === null ? { path: event.path } : jsonNode(event.path, event.node)),
    type,
    revision,
    token,
  };
}

function forPeople(event: WatchEvent, why: string): string[] {
  if (event.type !== "snapshot") return [line(event.revision, event.type, event.path, event.node?.value)];
  const head = `${event.revision}  snapshot  ${why}${event.nodes.length} nodes now:`;
  return [head, ...event.nodes.map(({ path, node }) => line(event.revision, "present", path, node.value))];
}

function line(revision: number, type: string, path: string, value: Uint8Array | undefined): string {
  const start = `${revision}  ${type}  ${printable(path)}`;
  if (value === undefined || value.length === 0) return start;
  const shown = jsonValue(value);
  const text = shown.encoding === "utf8" ? printable(shown.value) : `(${value.length} bytes)`;
  return `${start}  ${text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text}`;
}
