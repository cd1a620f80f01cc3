import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Cluster, Site } from "./cluster.ts";
import { memberCount } from "./cluster.ts";
import { freePorts } from "./free-ports.ts";

const program = fileURLToPath(new URL("../floor/replica-main.js", import.meta.url));

/** Three processes that only append, sync and acknowledge by majority; the first leads. */
export async function startFloor({ launch, folder }: Site): Promise<Cluster> {
  const ports = await freePorts(memberCount);
  const followers = ports.slice(1);
  const members = ports.map((port, k) => {
    const args = [
      program,
      join(folder, `log${k + 1}`),
      String(port),
      ...(k === 0 ? followers.map(String) : []),
    ];
    return { port, process: launch.node(args, { pin: "servers", logFile: join(folder, `r${k + 1}.log`) }) };
  });
  return { system: "floor", members };
}
