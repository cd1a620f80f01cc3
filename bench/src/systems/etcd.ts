import { join } from "node:path";
import type { Servers, Site } from "./cluster.ts";
import { memberCount } from "./cluster.ts";
import { freePorts } from "./free-ports.ts";
import { Member } from "./member.ts";

/** Three etcd servers from Debian's package, with default settings. */
export async function startEtcd({ launch, folder }: Site): Promise<Servers> {
  const clientPorts = await freePorts(memberCount * 2);
  const peerPorts = clientPorts.splice(memberCount);
  const all = peerPorts.map((port, k) => `e${k + 1}=http://127.0.0.1:${port}`).join(",");
  const members = clientPorts.map((port, k) => {
    const name = `e${k + 1}`;
    const peerUrl = `http://127.0.0.1:${peerPorts[k]}`;
    const clientUrl = `http://127.0.0.1:${port}`;
    const args = [
      `--name=${name}`,
      `--data-dir=${join(folder, name)}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--listen-client-urls=${clientUrl}`,
      `--advertise-client-urls=${clientUrl}`,
      `--initial-cluster=${all}`,
      "--initial-cluster-state=new",
    ];
    const logFile = join(folder, `${name}.log`);
    return new Member(port, () => launch.start("etcd", args, { pin: "servers", logFile, cwd: folder }));
  });
  return { system: "etcd", members };
}
