import type { SystemName } from "../clients/open.ts";
import type { Launch, Launched } from "./launch.ts";
import type { Member } from "./member.ts";

/** Three running servers of one system. */
export interface Cluster {
  readonly system: SystemName;
  readonly members: readonly { readonly port: number; readonly process: Launched }[];
}

/** Servers that can be started again. */
export interface Servers extends Cluster {
  readonly members: readonly Member[];
}

/** Where a cluster comes to stand. */
export interface Site {
  readonly launch: Launch;
  /** An empty folder of its own. */
  readonly folder: string;
}

export const memberCount = 3;

/** The process ids of a cluster. */
export function pidsOf({ members }: Cluster): number[] {
  return members.map((member) => member.process.pid);
}

/** Ends every server of a cluster. */
export async function stopCluster({ members }: Cluster): Promise<void> {
  await Promise.all(members.map((member) => member.process.stop()));
}
