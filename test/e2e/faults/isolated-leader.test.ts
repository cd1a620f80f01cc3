import { checkLinearizability, HistoryWriter, zxidWitness } from "@flotilla/history";
import type { OpRecord } from "@flotilla/history";
import { expect, test } from "vitest";
import type { Client, Cluster } from "../../jepsen/src/processes/cluster.ts";
import type { Isolation } from "../../jepsen/src/processes/links.ts";
import { LinkedCluster } from "../../jepsen/src/processes/links.ts";
import { nowNs, RecordedClient } from "../support/recorded-client.ts";
import { Observers } from "../../jepsen/src/processes/status.ts";

const paths = ["/register-a", "/register-b"];
/** The ways in which a leader that cannot lead any more goes on being reached by clients. */
const isolations: readonly Isolation[] = ["cut", "deaf", "mute", "reset"];

/** Clients bound to one member each, and one that may go anywhere, all at work. */
class Crew implements AsyncDisposable {
  readonly history: HistoryWriter = new HistoryWriter();
  readonly #clients = new Map<string, RecordedClient>();
  readonly #closing: (() => Promise<void>)[] = [];

  static async start(cluster: Cluster): Promise<Crew> {
    const crew = new Crew();
    await crew.#create(cluster);
    for (const place of cluster.places)
      crew.#hire(place.id, await cluster.connectTo(place, { sessionTtlMs: 120_000 }));
    crew.#hire("anywhere", await cluster.connect({ sessionTtlMs: 120_000 }));
    return crew;
  }

  at(name: string): RecordedClient {
    const client = this.#clients.get(name);
    if (client === undefined) throw new RangeError(`no client ${name}`);
    return client;
  }

  /** The last calls of one of them, for the message of a failing test. */
  describe(name: string): string {
    const calls = this.history.ops().filter(({ node }) => node === name);
    return JSON.stringify(calls.slice(-5), null, 1);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.stop()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Promise.all(this.#closing.map((close) => close()));
  }

  async #create(cluster: Cluster): Promise<void> {
    await using client = await cluster.connect();
    for (const path of paths) {
      const id = this.history.invoke(
        this.history.newClient(),
        { type: "create", path, value: "first" },
        nowNs(),
      );
      const { stat, revision } = await client.session.create(path, "first");
      this.history.ok(id, nowNs(), { version: stat.version, zxid: revision });
    }
  }

  #hire(name: string, client: Client): void {
    const recorded = new RecordedClient(name, client, this.history, paths);
    this.#closing.push(() => client.close());
    this.#clients.set(name, recorded);
    recorded.start();
  }
}

interface Episode {
  readonly isolated: string;
  /** A write of the others was acknowledged that began after the cut. */
  readonly overtakenNs: number;
  readonly healedNs: number;
}

/** Cuts the leader off, lets the others go on without it while clients still ask it, and heals. */
async function isolateLeader(
  linked: LinkedCluster,
  observers: Observers,
  crew: Crew,
  how: Isolation,
): Promise<Episode> {
  const { cluster } = linked;
  const ids = cluster.members.map(({ id }) => id);
  const isolated = await observers.leader(ids);
  const others = ids.filter((id) => id !== isolated);
  linked.isolate(isolated, how);
  const cutNs = nowNs();
  expect(others).toContain(await observers.leader(others));
  await cluster.until(
    "writes of the others",
    () => others.some((id) => crew.at(id).newestWriteNs > cutNs) || undefined,
  );
  const overtakenNs = nowNs();
  const refused = crew.at(isolated).refused;
  await cluster.until(
    `unanswered calls at ${isolated}`,
    () => crew.at(isolated).refused >= refused + 3 || undefined,
  );
  const healedNs = nowNs();
  linked.heal();
  for (const id of ids) {
    const answered = crew.at(id).answered;
    await cluster.until(
      `answers at ${id} after ${isolated} was isolated (${how})`,
      () => crew.at(id).answered > answered + 5 || undefined,
      async () => `${crew.describe(id)}\n${await observers.describe()}`,
    );
  }
  return { isolated, overtakenNs, healedNs };
}

/** Calls that an isolated member answered after the others had gone on without it. */
function answeredAlone(ops: readonly OpRecord[], { isolated, overtakenNs, healedNs }: Episode): OpRecord[] {
  return ops.filter(
    ({ node, outcome, invoke_ns, return_ns }) =>
      node === isolated &&
      outcome === "ok" &&
      invoke_ns > overtakenNs &&
      return_ns !== null &&
      return_ns < healedNs,
  );
}

test(
  "a leader cut off from its followers answers nothing stale, and all members agree once it is back",
  { timeout: 300_000 },
  async () => {
    await using linked = await LinkedCluster.create("isolated-leader", {
      arguments: ["--election-timeout", "600ms"],
    });
    linked.cluster.start();
    await using observers = await Observers.open(linked.cluster);
    await using crew = await Crew.start(linked.cluster);
    // Two a pair: a link that went around the proxies could not be cut.
    await linked.cluster.until("all links through the proxies", () => linked.connections === 6 || undefined);
    const episodes: Episode[] = [];
    for (const how of isolations) episodes.push(await isolateLeader(linked, observers, crew, how));
    await crew.stop();
    await observers.converged();

    const ops = crew.history.ops();
    for (const episode of episodes) expect(answeredAlone(ops, episode)).toEqual([]);
    const judged = checkLinearizability(ops);
    expect(judged.explain).toBeUndefined();
    expect(judged.verdict).toBe("linearizable");
    expect(zxidWitness(ops).violations).toEqual([]);
    expect(ops.filter(({ outcome }) => outcome === "ok").length).toBeGreaterThan(100);
  },
);
