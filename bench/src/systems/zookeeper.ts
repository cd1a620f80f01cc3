import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Servers, Site } from "./cluster.ts";
import { memberCount } from "./cluster.ts";
import { freePorts } from "./free-ports.ts";
import { Member } from "./member.ts";

/** Where Debian's package puts it. */
export const zooKeeperJar = "/usr/share/java/zookeeper.jar";
const logSettings = "/etc/zookeeper/conf";
const mainClass = "org.apache.zookeeper.server.quorum.QuorumPeerMain";
/** What Debian's start script passes. */
const javaOptions: readonly string[] = [
  "-Dcom.sun.management.jmxremote",
  "-Dcom.sun.management.jmxremote.local.only=true",
  "-Dzookeeper.root.logger=INFO,CONSOLE",
];

/**
 * Debian's sample configuration, with what three servers on one machine need: their own ports, no limit of
 * connections from one address, no web server that all three would start on one port.
 */
function settings(folder: string, clientPort: number, servers: readonly string[]): string {
  return [
    "tickTime=2000",
    "initLimit=10",
    "syncLimit=5",
    `dataDir=${folder}`,
    `clientPort=${clientPort}`,
    "clientPortAddress=127.0.0.1",
    "maxClientCnxns=0",
    "admin.enableServer=false",
    ...servers,
    "",
  ].join("\n");
}

/** Three ZooKeeper servers from Debian's package. */
export async function startZooKeeper({ launch, folder }: Site): Promise<Servers> {
  const clientPorts = await freePorts(memberCount * 3);
  const peerPorts = clientPorts.splice(memberCount);
  const servers = clientPorts.map(
    (_, k) => `server.${k + 1}=127.0.0.1:${peerPorts[2 * k]}:${peerPorts[2 * k + 1]}`,
  );
  const members: Member[] = [];
  for (const [k, port] of clientPorts.entries()) {
    const data = join(folder, `s${k + 1}`);
    await mkdir(data, { recursive: true });
    await writeFile(join(data, "myid"), `${k + 1}\n`);
    const file = join(folder, `s${k + 1}.cfg`);
    await writeFile(file, settings(data, port, servers));
    const args = [...javaOptions, "-cp", `${logSettings}:${zooKeeperJar}`, mainClass, file];
    const logFile = join(folder, `s${k + 1}.log`);
    members.push(
      new Member(port, () => launch.start("java", args, { pin: "servers", logFile, cwd: folder })),
    );
  }
  return { system: "zookeeper", members };
}
