import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

/** The files of etcd-io/raft that drive cores by text. */
const theirs: readonly string[] = [
  "single_node",
  "campaign",
  "campaign_learner_must_vote",
  "checkquorum",
  "prevote",
  "prevote_checkquorum",
  "forget_leader",
  "forget_leader_prevote_checkquorum",
  "forget_leader_read_only_lease_based",
  "heartbeat_resp_recovers_from_probing",
  "lagging_commit",
  "probe_and_replicate",
  "replicate_pause",
  "slow_follower_after_compaction",
  "snapshot_succeed_via_app_resp",
  "snapshot_succeed_via_app_resp_behind",
  "async_storage_writes",
  "async_storage_writes_append_aba_race",
  "confchange_disable_validation",
  "confchange_v1_add_single",
  "confchange_v1_remove_leader",
  "confchange_v1_remove_leader_stepdown",
  "confchange_v2_add_single_auto",
  "confchange_v2_add_single_explicit",
  "confchange_v2_add_double_auto",
  "confchange_v2_add_double_implicit",
  "confchange_v2_replace_leader",
  "confchange_v2_replace_leader_stepdown",
  "confchange/joint_autoleave",
  "confchange/joint_idempotency",
  "confchange/joint_learners_next",
  "confchange/joint_safety",
  "confchange/simple_idempotency",
  "confchange/simple_promote_demote",
  "confchange/simple_safety",
  "confchange/update",
  "confchange/zero",
  "quorum/majority_commit",
  "quorum/majority_vote",
  "quorum/joint_commit",
  "quorum/joint_vote",
  "tracker",
];

/** What they lack. */
const gaps: readonly string[] = [
  "crash and restart",
  "ReadIndex",
  "lease reads",
  "leadership transfer and its failures",
  "late, repeated and reordered messages",
  "rollback of a membership change",
  "snapshots",
  "snapshots in chunks",
  "lost data",
];

const packageFolder = join(import.meta.dirname, "../..");

function scenariosIn(folder: string, prefix: string): string[] {
  const names = readdirSync(join(import.meta.dirname, folder));
  return names.map((name) => `${prefix}${name.slice(0, -".txt".length)}`);
}

const scenarios = new Set([...scenariosIn("cases", ""), ...scenariosIn("transfers", "transfers/")]);

interface Row {
  readonly about: string;
  readonly here: string;
  /** What stands between backquotes on the right. */
  readonly files: readonly string[];
}

function rows(): Row[] {
  const text = readFileSync(join(import.meta.dirname, "README.md"), "utf8").split("## Coverage")[1] ?? "";
  return [...text.matchAll(/^\| (.+?) \| (.+) \|$/gmu)].map(([, about = "", here = ""]) => ({
    about: about.replaceAll("`", ""),
    here,
    files: [...here.matchAll(/`([^`]+)`/gu)].map(([, name = ""]) => name),
  }));
}

function exists(name: string): boolean {
  return scenarios.has(name) || (name.includes("/") && existsSync(join(packageFolder, name)));
}

test("every scenario of etcd-io/raft, and every one that it lacks, has a row", () => {
  const about = rows().map((row) => row.about);
  expect([...theirs, ...gaps].filter((name) => !about.includes(name))).toEqual([]);
  expect(about.filter((name, at) => about.indexOf(name) !== at && name !== "there")).toEqual([]);
});

test("every row names a file that exists, or a reason", () => {
  const tables = rows().filter(({ here }) => here !== "here");
  expect(tables.length).toBeGreaterThan(theirs.length);
  const empty = tables.filter(({ here, files }) => files.length === 0 && !here.startsWith("none: "));
  expect(empty).toEqual([]);
  expect(tables.flatMap(({ files }) => files.filter((name) => !exists(name)))).toEqual([]);
});

test("every scenario is in a row", () => {
  const named = new Set(rows().flatMap(({ files }) => files));
  expect([...scenarios].filter((name) => !named.has(name))).toEqual([]);
});
