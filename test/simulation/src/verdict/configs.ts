import { configRoot } from "../actors/paths.ts";
import { versionText } from "../plays/config.ts";
import type { World } from "../world/world.ts";

type Judged = Pick<World, "golden" | "findings" | "ledger">;

/** A version that the log made. */
export interface MadeVersion {
  readonly version: number;
  readonly revision: number;
  readonly value: { readonly number: number };
}

/** Each version follows the one before, and whoever was answered made the one it was told. */
export function judgeConfigs(world: Judged): void {
  const tell = (message: string): void => world.findings.later("ConfigVersions", message);
  const made = madeVersions(world.golden);
  for (const [index, { version, revision }] of made.entries())
    if (version !== index + 1) tell(`version ${version} was made at ${revision} after ${index}`);
  const texts = new Set(made.map(versionText));
  const told = new Set<string>();
  for (const text of world.ledger.plays.versions) {
    if (!texts.has(text)) tell(`${text}, as somebody was told who made it, and never was`);
    if (told.has(text)) tell(`${text}, as two were told who made it`);
    told.add(text);
  }
}

/** Every version, in order. */
export function madeVersions({ commands }: World["golden"]): MadeVersion[] {
  return commands.flatMap(({ events }) =>
    events.flatMap(({ path, node }) => {
      if (path !== configRoot || node === null) return [];
      const { version, value } = JSON.parse(new TextDecoder().decode(node.value)) as MadeVersion;
      return [{ version, value, revision: node.stat.mzxid }];
    }),
  );
}
