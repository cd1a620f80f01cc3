import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { valueBytes } from "../clients/client.ts";
import type { Servers, Site } from "./cluster.ts";
import { memberCount } from "./cluster.ts";
import { freePorts } from "./free-ports.ts";
import { Member } from "./member.ts";

const program = fileURLToPath(new URL("../floor/replica-main.js", import.meta.url));

/** Three processes that only append, sync and acknowledge by majority; the first leads. */
export async function startFloor(
  { launch, folder }: Site,
  recordBytes: number = valueBytes,
): Promise<Servers> {
  const ports = await freePorts(memberCount);
  const followers = ports.slice(1);
  const members = ports.map((port, k) => {
    const args = [
      program,
      join(folder, `log${k + 1}`),
      String(port),
      String(recordBytes),
      ...(k === 0 ? followers.map(String) : []),
    ];
    const logFile = join(folder, `r${k + 1}.log`);
    return new Member(port, () => launch.node(args, { pin: "servers", logFile }));
  });
  return { system: "floor", members };
}
