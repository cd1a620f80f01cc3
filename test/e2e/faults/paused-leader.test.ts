import { resolve } from "node:path";
import { text } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/runtime";
import { expect, test } from "vitest";
import { Cluster } from "../../jepsen/src/processes/cluster.ts";
import { Observers } from "../../jepsen/src/processes/status.ts";
import { judgeStream, prepareStreams, Writer } from "../support/writer.ts";

const program = resolve(import.meta.dirname, "../support/embedded-member.mjs");

interface Elected {
  readonly type: "elected";
  readonly id: string;
  readonly epoch: number;
  readonly fence: { readonly path: string; readonly mzxid: number };
}
interface Resumed {
  readonly type: "resumed";
  readonly id: string;
  readonly asserted: string;
  readonly ownWrite: string;
  readonly otherWrite: string;
}

/** Keeps what the members report, oldest first. */
function listen(cluster: Cluster): (Elected | Resumed)[] {
  const heard: (Elected | Resumed)[] = [];
  for (const member of cluster.members)
    member.onMessage((message) => heard.push({ ...(message as Elected | Resumed), id: member.id }));
  return heard;
}

/** Makes the member that leads the cluster hold the election, too. */
async function electLeader(
  cluster: Cluster,
  observers: Observers,
  heard: (Elected | Resumed)[],
): Promise<Elected> {
  let holder: Elected | undefined;
  for (;;) {
    const leader = await observers.leader(cluster.members.map(({ id }) => id));
    if (holder?.id === leader) return holder;
    if (holder !== undefined) cluster.member(holder.id).send({ type: "release" });
    const before = heard.length;
    cluster.member(leader).send({ type: "campaign" });
    holder = await cluster.until(`${leader} is elected`, () =>
      heard.slice(before).find((each): each is Elected => each.type === "elected"),
    );
  }
}

async function acknowledgesMore(cluster: Cluster, writer: Writer, count: number): Promise<void> {
  const firstNew = writer.sent;
  await cluster.until(
    `${count} more acknowledged writes of ${writer.name}`,
    () => writer.acked.has(firstNew + count) || undefined,
  );
}

test(
  "a leader stopped for longer than its lease loses its place, is fenced when it resumes, and catches up",
  { timeout: 240_000 },
  async () => {
    await using cluster = await Cluster.create("paused-leader", { program });
    const heard = listen(cluster);
    cluster.start();
    await using client = await cluster.connect();
    await prepareStreams(client);
    await using observers = await Observers.open(cluster);
    const writers = await Promise.all(
      ["first", "second"].map((name) => Writer.open(cluster, name, { restMs: 50, sessionTtlMs: 15_000 })),
    );
    for (const writer of writers) writer.start();

    const stopped = await electLeader(cluster, observers, heard);
    const others = cluster.members.map(({ id }) => id).filter((id) => id !== stopped.id);
    for (const id of others) cluster.member(id).send({ type: "campaign" });
    for (const writer of writers) await acknowledgesMore(cluster, writer, 50);
    cluster.member(stopped.id).signal("SIGSTOP");

    expect(others).toContain(await observers.leader(others));
    for (const writer of writers) await acknowledgesMore(cluster, writer, 50);
    const successor = await cluster.until("another holder", () =>
      heard.find((each): each is Elected => each.type === "elected" && each.id !== stopped.id),
    );
    expect(successor.epoch).toBeGreaterThan(stopped.epoch);
    const refused = await client.session
      .put("/job-result", "stale", { fence: stopped.fence })
      .catch((error: unknown) => error);
    expect(FlotillaError.is(refused, "ERR_FLOTILLA_FENCED")).toBe(true);

    cluster.member(stopped.id).signal("SIGCONT");
    const resumed = await cluster.until("the stopped member tells how it found itself", () =>
      heard.find((each): each is Resumed => each.type === "resumed"),
    );
    expect(resumed.id).toBe(stopped.id);
    expect(resumed.asserted).toBe("ERR_FLOTILLA_LOST");
    expect(["ERR_FLOTILLA_FENCED", "ERR_FLOTILLA_SESSION_EXPIRED"]).toContain(resumed.ownWrite);
    expect(resumed.otherWrite).toBe("ERR_FLOTILLA_FENCED");
    const result = await client.session.get("/job-result");
    expect(result === null ? null : text(result)).toBe(successor.id);

    for (const writer of writers) writer.stop();
    await Promise.all(writers.map((writer) => writer.answered()));
    await observers.converged();
    for (const writer of writers) {
      expect(writer.failures).toEqual([]);
      expect((await judgeStream(observers.at(stopped.id), writer)).violations).toEqual([]);
    }
    await Promise.all(writers.map((writer) => writer.close()));
  },
);
