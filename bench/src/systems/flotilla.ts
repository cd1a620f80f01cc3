import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Servers, Site } from "./cluster.ts";
import { memberCount } from "./cluster.ts";
import type { MemberOptions } from "../embedded/messages.ts";
import { freePorts } from "./free-ports.ts";
import type { Launched } from "./launch.ts";
import { Member } from "./member.ts";

const program = fileURLToPath(
  new URL("bin/flotilla.mjs", import.meta.resolve("@flotilla/server/package.json")),
);

/** One founding member. */
export interface Founder {
  readonly id: string;
  readonly port: number;
  readonly folder: string;
}

/** Names, ports and folders for a new cluster. */
export async function founders(folder: string, count: number = memberCount): Promise<Founder[]> {
  const ports = await freePorts(count);
  return ports.map((port, k) => ({ id: `n${k + 1}`, port, folder: join(folder, `n${k + 1}`) }));
}

/** What `start` takes to be one of them. */
export function memberOptions(self: Founder, all: readonly Founder[]): MemberOptions {
  return {
    id: self.id,
    dataDir: self.folder,
    listen: `127.0.0.1:${self.port}`,
    bootstrap: all.map(({ id, port }) => ({ id, address: `127.0.0.1:${port}` })),
  };
}

/** Starts `flotilla serve` for one member, with default settings. */
export function startMember(
  { launch, folder }: Site,
  member: Founder,
  all: readonly Founder[],
  nodeArgs: readonly string[] = [],
): Launched {
  const bootstrap = all.map(({ id, port }) => `${id}=127.0.0.1:${port}`).join(",");
  const { id, port } = member;
  const identity = ["--id", id, "--listen", `127.0.0.1:${port}`, "--data-dir", member.folder];
  return launch.node([...nodeArgs, program, "serve", ...identity, "--bootstrap", bootstrap], {
    pin: "servers",
    logFile: join(folder, `${id}.log`),
  });
}

/** So many members, each a process. `nodeArgs` are for Node.js itself, by member. */
export async function startFlotilla(
  site: Site,
  nodeArgs: (id: string) => readonly string[] = () => [],
  count: number = memberCount,
): Promise<Servers> {
  const all = await founders(site.folder, count);
  const members = all.map(
    (member) => new Member(member.port, () => startMember(site, member, all, nodeArgs(member.id))),
  );
  return { system: "flotilla", members };
}
