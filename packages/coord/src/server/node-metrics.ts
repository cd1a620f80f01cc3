import type { Machine } from "@flotilla/kv";
import type { Metric, RaftNode } from "@flotilla/raft";
import { budgetMetrics } from "./budget-metrics.ts";
import type { SessionHub } from "./session-hub.ts";

function gauge(name: string, help: string, value: number): Metric {
  return { name: `flotilla_${name}`, help, type: "gauge", samples: [{ labels: {}, value }] };
}

/** What is known of a member in numbers: of its tree, its clients and its log. */
export function nodeMetrics({
  machine,
  hub,
  raft,
}: {
  readonly machine: Machine;
  readonly hub: SessionHub;
  readonly raft: Pick<RaftNode, "metrics">;
}): readonly Metric[] {
  const { sessions, leases } = machine.counts;
  return [
    gauge("sessions", "Open sessions of the cluster.", sessions),
    gauge("leases", "Leases of all sessions, their own among them.", leases),
    gauge("nodes", "Nodes in the tree, the root among them.", machine.nodes),
    gauge("revision", "Commands that changed the tree.", machine.revision),
    gauge("applied_commands", "Commands applied, those of a snapshot included.", machine.applied),
    gauge("feature_level", "What all members are agreed to know.", machine.featureLevel),
    gauge("attached_sessions", "Sessions attached to this member, its own among them.", hub.size),
    gauge("watches", "Watches armed at this member.", hub.watches.size),
    ...budgetMetrics(machine.budgets, (path) => machine.acl(path), hub.watches),
    ...raft.metrics(),
  ];
}
