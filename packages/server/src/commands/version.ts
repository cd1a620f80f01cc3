import { readFile } from "node:fs/promises";
import { Command } from "commander";
import { jsonOption } from "../cli/client.ts";
import type { Context } from "../cli/context.ts";

/** `flotilla version` */
export function versionCommand({ out }: Context): Command {
  return new Command("version")
    .description("print the version")
    .addOption(jsonOption())
    .action(async (flags: { readonly json?: true }) => {
      const version = await packageVersion();
      if (flags.json) out.json({ version, node: process.version });
      else out.line(`flotilla ${version} (node ${process.version})`);
    });
}

async function packageVersion(): Promise<string> {
  const manifest: unknown = JSON.parse(
    await readFile(new URL("../../package.json", import.meta.url), "utf8"),
  );
  const known =
    typeof manifest === "object" && manifest !== null && "version" in manifest ? manifest.version : null;
  return typeof known === "string" ? known : "unknown";
}
