import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { SystemName } from "../clients/open.ts";
import { zooKeeperJar } from "./zookeeper.ts";

function runs(command: string, argument: string): boolean {
  return spawnSync(command, [argument], { stdio: "ignore" }).status === 0;
}

/** Null when the system can be started here; else what is missing and how to install it. */
export function missing(system: SystemName): string | null {
  switch (system) {
    case "zookeeper":
      if (existsSync(zooKeeperJar) && runs("java", "-version")) return null;
      return "ZooKeeper is not installed: apt-get install --no-install-recommends zookeeper";
    case "etcd":
      if (runs("etcd", "--version")) return null;
      return "etcd is not installed: apt-get install --no-install-recommends etcd-server";
    default:
      return null;
  }
}

/** The version of a peer, for the record; empty for what is of this repository. */
export function versionOf(system: SystemName): string {
  switch (system) {
    case "zookeeper":
      return packageVersion("zookeeper");
    case "etcd":
      return packageVersion("etcd-server");
    default:
      return "";
  }
}

function packageVersion(name: string): string {
  return outputOf("dpkg-query", ["-W", "-f=${Version}", name]);
}

function outputOf(command: string, args: readonly string[]): string {
  const { stdout, status } = spawnSync(command, [...args], { encoding: "utf8" });
  return status === 0 ? stdout : "";
}
