import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Metric, RaftNode } from "../../src/index.ts";
import { Distribution } from "../../src/node/distribution.ts";
import { add } from "./counter.ts";
import { World } from "./world.ts";

const documentation = readFileSync(new URL("../../../../docs/raft-metrics.md", import.meta.url), "utf8");

function metric(node: RaftNode, name: string): Metric {
  const found = node.metrics().find((each) => each.name === `flotilla_raft_${name}`);
  if (found === undefined) throw new Error(`no metric ${name}`);
  return found;
}

/** The value with such a label; without one, of the only sample. */
function value(node: RaftNode, name: string, label?: string): number {
  const found = metric(node, name);
  if (found.type === "histogram") return found.buckets.count;
  const matches = found.samples.filter(
    ({ labels }) => label === undefined || Object.values(labels).includes(label),
  );
  expect(matches.length).toBeLessThan(2);
  return matches[0]?.value ?? 0;
}

test("a node counts what it did", async () => {
  const world = new World(3, ["a", "b", "c"], { snapshotEntries: 10 });
  await world.startAll();
  const { node } = await world.untilLeader();
  for (let k = 0; k < 12; k += 1) await world.kernel.until(node.propose(add(1)));
  const pending = node.propose(add(1));
  expect(value(node, "proposals_pending")).toBe(1);
  await world.kernel.until(pending);
  await world.kernel.until(node.read());
  await world.runFor(1000);
  const status = node.status();
  expect(value(node, "term")).toBe(status.term);
  expect(value(node, "role", "leader")).toBe(1);
  expect(value(node, "established")).toBe(1);
  expect(value(node, "commit_index")).toBe(status.commit);
  expect(value(node, "proposals_pending")).toBe(0);
  expect(value(node, "proposals_total", "applied")).toBe(13);
  expect(value(node, "proposal_seconds")).toBe(13);
  expect(value(node, "reads_total")).toBe(1);
  expect(value(node, "role_changes_total", "leader")).toBe(1);
  expect(value(node, "snapshots_total", "taken")).toBe(1);
  expect(value(node, "append_entries")).toBe(value(node, "fsync_seconds"));
  expect(value(node, "append_bytes_total")).toBeGreaterThan(13);
  expect(value(node, "messages_sent_total", "heartbeat")).toBeGreaterThan(10);
  expect(value(node, "messages_received_total", "heartbeat-reply")).toBeGreaterThan(5);
  for (const { id } of status.peers) {
    expect(value(node, "peer_connected", id)).toBe(1);
    expect(value(node, "peer_match_index", id)).toBe(status.lastIndex);
  }
});

test("a proposal is counted by its outcome", async () => {
  const world = new World(4, ["a", "b", "c"], { maxProposalBytes: 8 });
  await world.startAll();
  const { node } = await world.untilLeader();
  await expect(node.propose(new Uint8Array(9))).rejects.toMatchObject({ code: "ERR_FLOTILLA_TOO_LARGE" });
  const stale = node.propose(add(1), { ifTerm: node.status().term + 1 });
  await expect(world.kernel.until(stale)).rejects.toMatchObject({ code: "ERR_FLOTILLA_DROPPED" });
  const late = node.propose(add(1)).catch((error: unknown) => error);
  await world.kernel.until(node.close());
  expect(await late).toMatchObject({ code: "ERR_FLOTILLA_DROPPED" });
  expect(value(node, "proposals_total", "refused")).toBe(1);
  expect(value(node, "proposals_total", "dropped")).toBe(2);
  expect(value(node, "proposals_pending")).toBe(0);
});

test("every metric is documented, with its type", async () => {
  const world = new World(5, ["a"]);
  await world.startAll();
  const { node } = await world.untilLeader();
  const documented = [...documentation.matchAll(/^\| `([a-z_]+)` \| (\w+) \|/gm)].map(([, name, type]) => [
    name,
    type,
  ]);
  expect(node.metrics().map(({ name, type }) => [name.slice("flotilla_raft_".length), type])).toEqual(
    documented,
  );
});

test("a histogram puts each value below the first bound that is not less", () => {
  const distribution = new Distribution([1, 2]);
  for (const each of [0, 1, 1.5, 2, 3]) distribution.observe(each);
  expect(distribution.buckets()).toEqual({ bounds: [1, 2], counts: [2, 4], sum: 7.5, count: 5 });
});
