import { readFileSync, statfsSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import type { SystemName } from "../clients/open.ts";
import { versionOf } from "../systems/available.ts";

/** What a result depends on besides the code. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  readonly fileSystem: string;
  readonly versions: Readonly<Record<string, string>>;
}

const fileSystems: Readonly<Record<number, string>> = {
  0xef53: "ext",
  0x58465342: "xfs",
  0x9123683e: "btrfs",
  0x01021994: "tmpfs",
  0x794c7630: "overlay",
};

/** Describes this machine, and the disk that `folder` is on. */
export function describeMachine(folder: string, systems: readonly SystemName[]): Machine {
  const all = cpus();
  const { type } = statfsSync(folder);
  return {
    cpu: all[0]?.model.trim() ?? "unknown",
    cores: all.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: readFileSync("/proc/sys/kernel/osrelease", "utf8").trim(),
    node: process.version,
    fileSystem: fileSystems[type] ?? `0x${type.toString(16)}`,
    versions: Object.fromEntries(
      systems.map((system) => [system, versionOf(system)] as const).filter(([, version]) => version !== ""),
    ),
  };
}

/** One line about it. */
export function machineLine({ cpu, cores, memoryGb, kernel, node, fileSystem, versions }: Machine): string {
  const peers = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const parts = [`${cores} × ${cpu}`, `${memoryGb} GB`, `Linux ${kernel}`, `Node.js ${node}`];
  return [...parts, `data on ${fileSystem}`, ...peers].join(", ");
}
