import type { MemberChange } from "../../src/core/config/apply-changes.ts";
import { membersOf } from "../../src/core/config/configuration.ts";
import { Cluster } from "./cluster.ts";
import { incarnationOf, type Member } from "./member.ts";

export const trio: readonly string[] = ["a", "b", "c"];

export function add(
  id: string,
  promote: boolean = false,
  incarnation: string = incarnationOf(id),
): MemberChange {
  return { type: "add", id, address: `${id}:1`, incarnation, promote };
}

export function roles({ raft }: Member): string {
  return membersOf(raft.configuration)
    .map(({ id, role }) => `${id}:${role}`)
    .join(" ");
}

/** Three members led by `a`, and joiners that nobody knows yet. */
export function led(...joiners: readonly string[]): Cluster {
  const cluster = new Cluster(trio, { joiners });
  cluster.elect("a");
  cluster.tick(2);
  return cluster;
}

/** Makes changes and lets time pass until they are through. */
export function through(cluster: Cluster, ...changes: readonly MemberChange[]): void {
  const { refusal } = cluster.change(cluster.leader().id, changes);
  if (refusal !== null) throw refusal;
  cluster.settle();
  cluster.tick(3);
}

export function refusalOf(
  cluster: Cluster,
  id: string,
  ...changes: readonly MemberChange[]
): string | undefined {
  return cluster.change(id, changes).refusal?.code;
}

/** Votes for nobody but the given ones until `id` leads or nothing moves any more. */
export function campaignOf(cluster: Cluster, id: string): void {
  for (let k = 0; k < 60 && cluster.get(id).raft.role !== "leader"; k += 1) cluster.tick(1, [id]);
}
