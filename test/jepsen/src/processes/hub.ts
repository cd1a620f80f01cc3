import { spawnSync } from "node:child_process";

/** Names of namespaces live below /run: with that of one's own they are seen by nobody else. */
const privateNames = "mount -t tmpfs none /run && mkdir /run/netns && ip link set lo up";

/**
 * A command in a network of its own, with names of its own for namespaces. All of it is anonymous: runs beside each other
 * never meet, and nothing is left once the last process in it is gone, however that came about.
 */
export function inNetworkOfItsOwn(command: readonly string[]): readonly string[] {
  const rights = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
  const shell = ["sh", "-c", `${privateNames} && exec "$@"`, "sh"];
  return ["unshare", ...rights, "--net", "--mount", "--", ...shell, ...command];
}

const trial =
  "ip netns add n1 && ip link add br0 type bridge && ip link add v1 type veth peer name eth0 netns n1";

/** Why no network of one's own can be had here, or null when one can. */
export function whyNoNamespaces(): string | null {
  if (process.platform !== "linux") return "needs network namespaces of Linux";
  const [program = "", ...words] = inNetworkOfItsOwn([
    "sh",
    "-c",
    `${trial} && nsenter --net=/run/netns/n1 -- setpriv --pdeathsig KILL -- true`,
  ]);
  const tried = spawnSync(program, words, { encoding: "utf8" });
  if (tried.status === 0) return null;
  const said = (tried.error?.message ?? tried.stderr).trim().split("\n").at(-1) ?? "";
  return `${said} (needs root, or user namespaces, and "ip" of iproute2)`;
}
