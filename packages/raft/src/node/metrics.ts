import type { Buckets } from "./distribution.ts";
import type { Meter, Tally } from "./meter.ts";
import type { RaftStatus } from "./types.ts";

/** One value of a metric, told apart by labels. */
export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * One metric as of the call. Names and units follow Prometheus: `_total` counts from the start of the process,
 * `_seconds` and `_bytes` are base units.
 */
export type Metric = { readonly name: string; readonly help: string } & (
  | { readonly type: "counter" | "gauge"; readonly samples: readonly MetricSample[] }
  | { readonly type: "histogram"; readonly buckets: Buckets }
);

type Labels = Readonly<Record<string, string>>;

function one(value: number, labels: Labels = {}): readonly MetricSample[] {
  return [{ labels, value }];
}

function gauge(name: string, help: string, samples: readonly MetricSample[]): Metric {
  return { name: `flotilla_raft_${name}`, help, type: "gauge", samples };
}

function counter(name: string, help: string, samples: readonly MetricSample[]): Metric {
  return { name: `flotilla_raft_${name}`, help, type: "counter", samples };
}

function histogram(name: string, help: string, buckets: Buckets): Metric {
  return { name: `flotilla_raft_${name}`, help, type: "histogram", buckets };
}

function each<Name extends string>(tally: Tally<Name>, label: string): readonly MetricSample[] {
  return [...tally.all].map(([name, value]) => ({ labels: { [label]: name }, value }));
}

/** Everything that is known of a node in numbers. */
export function describeMetrics(status: RaftStatus, meter: Meter): readonly Metric[] {
  return [...gauges(status, meter), ...counters(meter), ...histograms(meter)];
}

function gauges(status: RaftStatus, meter: Meter): readonly Metric[] {
  const { role, term, established, commit, applied, lastIndex, firstIndex, logBytes, snapshotIndex, peers } =
    status;
  const matches = peers.flatMap(({ id, match }) =>
    match === null ? [] : [{ labels: { peer: id }, value: match }],
  );
  return [
    gauge("term", "Current term.", one(term)),
    gauge("role", "1 for the role this node has.", one(1, { role })),
    gauge("established", "1 on a leader that has committed an entry of its term.", one(Number(established))),
    gauge("commit_index", "Highest index known committed.", one(commit)),
    gauge("applied_index", "Last index the state machine holds.", one(applied)),
    gauge("last_index", "End of the log, durable or not.", one(lastIndex)),
    gauge("first_index", "First index still in the log.", one(firstIndex)),
    gauge("log_bytes", "Frames of the log in memory.", one(logBytes)),
    gauge(
      "append_pending_seconds",
      "Since the batch under way was handed to the disk.",
      one(meter.appendingMs / 1000),
    ),
    gauge("snapshot_index", "Last index of the newest snapshot; 0: none.", one(snapshotIndex)),
    gauge("proposals_pending", "Proposals made here without outcome.", one(meter.proposalsPending)),
    gauge(
      "peer_connected",
      "1 while both links to the peer stand.",
      peers.map(({ id, connected }) => ({ labels: { peer: id }, value: Number(connected) })),
    ),
    gauge("peer_match_index", "On a leader: highest index known durable at the peer.", matches),
  ];
}

function counters(meter: Meter): readonly Metric[] {
  const { proposals, sent, received, roles, events } = meter;
  const links = [
    { labels: { event: "up" }, value: events.of("peer-up") },
    { labels: { event: "down" }, value: events.of("peer-down") },
  ];
  const snapshots = [
    { labels: { event: "taken" }, value: meter.snapshotsTaken },
    { labels: { event: "installed" }, value: meter.snapshotsInstalled },
  ];
  return [
    counter("role_changes_total", "Changes to the role.", each(roles, "role")),
    counter("term_changes_total", "Times the term went up.", one(meter.termChanges)),
    counter("leader_changes_total", "Times another member was found to lead.", one(meter.leaderChanges)),
    counter("proposals_total", "Proposals made here, by outcome.", each(proposals, "outcome")),
    counter("reads_total", "Linearizable reads asked for here.", one(events.of("read"))),
    counter("lease_reads_total", "Reads answered from a lease, also peers'.", one(meter.leaseReads)),
    counter("append_bytes_total", "Bytes of entries handed to the disk.", one(meter.appendBytes)),
    counter("truncations_total", "Batches that dropped the end of the log.", one(meter.truncations)),
    counter("messages_sent_total", "Messages to peers, also such that no link took.", each(sent, "type")),
    counter("messages_received_total", "Messages of peers.", each(received, "type")),
    counter("peer_links_total", "Links to peers that came up or went down.", links),
    counter("snapshots_total", "Snapshots taken here, and such that replaced the state.", snapshots),
  ];
}

function histograms({ batchEntries, fsyncSeconds, proposalSeconds }: Meter): readonly Metric[] {
  return [
    histogram("append_entries", "Entries in a synced batch.", batchEntries.buckets()),
    histogram(
      "fsync_seconds",
      "From handing a batch to the disk until it is durable.",
      fsyncSeconds.buckets(),
    ),
    histogram("proposal_seconds", "From a proposal to its apply here.", proposalSeconds.buckets()),
  ];
}
