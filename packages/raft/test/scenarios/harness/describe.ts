import { logId } from "./print.ts";
import type { World } from "./world.ts";

/** Where a node stands, in one or two lines. */
export function describeNode(world: World, id: string): string[] {
  const { raft, up } = world.get(id).member;
  if (!up) return [`${id} is down`];
  const { role, term, vote, leader, last, durable, commit, applied, snapshot } = raft;
  const following = role === "follower" ? ` of ${leader ?? "nobody"}` : "";
  const lines = [
    `${id} ${role}${following} t${term} voted ${vote ?? "nobody"}, last ${logId(last)} durable ${durable} commit ${commit} applied ${applied}`,
  ];
  if (snapshot.index > 0) lines.push(`${id} snapshot ${logId(snapshot)}, log from ${raft.firstIndex}`);
  const matches = world.ids.flatMap((peer) => {
    const match = raft.matchOf(peer);
    return match === null ? [] : [`${peer}:${match}`];
  });
  if (matches.length > 0) lines.push(`${id} matches ${matches.join(" ")}`);
  return lines;
}

/** A node's log in memory. */
export function describeLog(world: World, id: string): string {
  const { raft } = world.get(id).member;
  const entries: string[] = [];
  for (let index = raft.firstIndex; index <= raft.last.index; index += 1) {
    const at = { index, term: raft.termAt(index) ?? 0 };
    entries.push(`${logId(at)} ${world.textOf(at)}`);
  }
  const from = raft.firstIndex > 1 ? `after ${raft.firstIndex - 1} ` : "";
  return `${id} ${from}[${entries.join(", ")}]`;
}
