import { readFileSync } from "node:fs";
import { permissions } from "@flotilla/kv";
import { expect, test } from "vitest";
import { HealthCheck } from "../../src/server/health.ts";
import { prometheusText } from "../../src/server/prometheus.ts";
import { counting } from "../client/counting-clock.ts";
import { errorOf } from "../client/fake-cluster.ts";
import { Cluster } from "./cluster.ts";
import { World } from "./world.ts";

const documentation = readFileSync(new URL("../../../../docs/metrics.md", import.meta.url), "utf8");

async function cluster(size: number): Promise<Cluster> {
  const started = new Cluster(size);
  await started.start();
  await started.leader();
  // So that all founders have met.
  await started.pass(1_000);
  return started;
}

test("a member that serves is alive and ready, also one that follows", async () => {
  const three = await cluster(3);
  for (const id of three.ids) {
    const health = await three.until(three.node(id).health());
    expect(health).toEqual({ live: true, ready: true, problems: [] });
    expect(three.node(id).liveness()).toEqual({ live: true, problems: [] });
  }
});

test("without a majority it is alive and not ready, says so in time, and recovers", async () => {
  const three = await cluster(3);
  three.kernel.node("n2").crash();
  three.kernel.node("n3").crash();
  const begun = three.kernel.nowMs;
  const health = await three.until(three.node("n1").health());
  expect(health).toMatchObject({ live: true, ready: false });
  expect(health.problems).toHaveLength(1);
  expect(three.node("n1").liveness()).toEqual({ live: true, problems: [] });
  expect(three.kernel.nowMs - begun).toBeLessThanOrEqual(2_001);
  const patient = await three.until(three.node("n1").health({ timeoutMs: 5_000 }));
  expect(patient).toEqual({ live: true, ready: false, problems: ["no leader is known"] });
  await three.start(["n2"]);
  await three.leader(["n1", "n2"]);
  expect(await three.until(three.node("n1").health())).toMatchObject({ ready: true });
});

test("founding members say whom of them they have not met", async () => {
  const three = new Cluster(3);
  await three.start(["n1", "n2"]);
  await three.pass(5_000);
  const problems = ["n3 not reached yet: the first election takes every founding member"];
  expect(await three.until(three.node("n1").health())).toEqual({ live: true, ready: false, problems });
  await three.start(["n3"]);
  await three.leader();
  expect(await three.until(three.node("n1").health())).toMatchObject({ ready: true });
});

test("a node that waits to be added belongs to no cluster yet", async () => {
  const one = await cluster(1);
  await one.join("n9", { join: [] });
  const problems = ["it belongs to no cluster yet"];
  expect(await one.until(one.node("n9").health())).toEqual({ live: true, ready: false, problems });
});

test("a disk that hangs ends the readiness, and at last the life", async () => {
  const one = await cluster(1);
  const { disk } = one.kernel.node("n1");
  disk.stick();
  void one
    .node("n1")
    .session.put("/a", "1")
    .catch(() => {});
  await one.pass(10_000);
  expect(await one.until(one.node("n1").health())).toMatchObject({ live: true });
  await one.pass(25_000);
  const hung = await one.until(one.node("n1").health());
  expect(hung).toMatchObject({ live: false, ready: false });
  expect(hung.problems[0]).toMatch(/^the disk has not answered for \d+ ms$/);
  disk.unstick();
  await one.pass(10_000);
  expect(await one.until(one.node("n1").health())).toMatchObject({ live: true, ready: true });
});

test("a disk that hangs over a snapshot alone ends the life as well", async () => {
  const one = new Cluster(1, { snapshotEntries: 1 });
  await one.start();
  await one.leader();
  await one.pass(1_000);
  const { disk } = one.kernel.node("n1");
  await one.until(one.node("n1").session.put("/a", "1"));
  // The log has nothing to write from here on.
  disk.stick();
  await one.pass(40_000);
  expect(disk.stuckForMs).toBeGreaterThan(30_000);
  expect(one.node("n1").liveness().live).toBe(false);
  disk.unstick();
  await one.pass(10_000);
  expect(one.node("n1").liveness()).toEqual({ live: true, problems: [] });
});

test("one that closes is not ready, and one that stopped is not alive", async () => {
  const one = await cluster(1);
  const node = one.node("n1");
  const closing = node.close();
  expect(await node.health()).toEqual({ live: true, ready: false, problems: ["it is closing"] });
  await one.until(closing);
  const other = await cluster(1);
  other.kernel.node("n1").disk.failNext("sync");
  void other
    .node("n1")
    .session.put("/a", "1")
    .catch(() => {});
  await other.until(other.node("n1").closed);
  const problems = ["it has stopped"];
  expect(await other.node("n1").health()).toEqual({ live: false, ready: false, problems });
});

test("whoever waits as it closes is told so, and no timer outlives it", async () => {
  const three = await cluster(3);
  for (const id of ["n2", "n3"]) three.kernel.node(id).crash();
  await three.pass(3_000);
  const node = three.node("n1");
  const waiting = node.health({ timeoutMs: 3_600_000 });
  await three.pass(100);
  await three.until(node.close());
  const problems = ["it is closing"];
  expect(await three.until(waiting)).toEqual({ live: true, ready: false, problems });
});

test("a member that was asked leaves no timer behind", async () => {
  const world = new World();
  const { clock, pending } = counting(world.clock);
  const check = new HealthCheck({
    clock,
    raft: { diskWaitMs: 0, status: () => world.raft.status() },
    reads: { confirm: (done) => done(true) },
    ending: () => null,
  });
  expect(await check.check({ timeoutMs: 3_600_000 })).toMatchObject({ ready: true });
  expect(pending()).toBe(1);
  check.close();
  expect(pending()).toBe(0);
});

test("a caller that gives up is told so", async () => {
  const three = await cluster(3);
  three.kernel.node("n2").crash();
  three.kernel.node("n3").crash();
  await three.pass(3_000);
  const stop = new AbortController();
  const waiting = errorOf(three.node("n1").health({ signal: stop.signal }));
  stop.abort();
  expect((await waiting).code).toBe("ERR_FLOTILLA_ABORTED");
  const wrong = await errorOf(three.node("n1").health({ timeoutMs: 0 }));
  expect(wrong.code).toBe("ERR_FLOTILLA_BAD_ARGUMENT");
});

test("metrics count what there is, and all are documented", async () => {
  const one = await cluster(1);
  const node = one.node("n1");
  const session = await one.client();
  await one.until(session.create("/a"));
  await using _ = await one.until(session.watch("/a"));
  await one.until(session.grant(5_000));
  const metrics = node.metrics().filter(({ name }) => !name.startsWith("flotilla_raft_"));
  const values = Object.fromEntries(
    metrics.map((metric) => [metric.name, metric.type === "histogram" ? null : metric.samples[0]?.value]),
  );
  expect(values).toMatchObject({
    flotilla_sessions: 2,
    flotilla_leases: 3,
    flotilla_nodes: 2,
    flotilla_attached_sessions: 2,
    flotilla_watches: 1,
    flotilla_revision: node.status().revision,
  });
  const documented = [...documentation.matchAll(/^\| `(flotilla_[a-z_]+)` \| (\w+) \|/gm)].map(
    ([, name, type]) => [name, type],
  );
  expect(metrics.map(({ name, type }) => [name, type])).toEqual(documented);
});

test("metrics tell how budgets stand, but not where only some may read", async () => {
  const one = await cluster(1);
  const session = await one.client();
  await one.until(session.create("/shop", "12345"));
  await one.until(
    session.setBudget("/shop", { nodes: { soft: 1, hard: 2 }, bytes: { hard: 9 }, watches: { hard: 7 } }),
  );
  await one.until(
    session.setBudget("/shop/later", { children: { hard: 3 }, leases: { soft: 4 }, rate: { hard: 5 } }),
  );
  await using _ = await one.until(session.watch("/shop"));
  const acl = [{ scheme: "world", id: "anyone", permissions: permissions.admin }] as const;
  await one.until(session.create("/secret", "", { acl }));
  await one.until(session.setBudget("/secret", { nodes: { hard: 1 } }));
  const samples = (name: string): string[] =>
    one
      .node("n1")
      .metrics()
      .flatMap((metric) =>
        metric.name === `flotilla_${name}` && metric.type !== "histogram" ? metric.samples : [],
      )
      .map(({ labels, value }) => [...Object.values(labels), value].join(" "));
  expect(samples("budgets")).toEqual(["3"]);
  expect(samples("budget_used")).toEqual([
    "/shop nodes 1",
    "/shop bytes 5",
    "/shop watches 1",
    "/shop/later leases 0",
    "/shop/later rate 0",
  ]);
  expect(samples("budget_limit")).toEqual([
    "/shop nodes soft 1",
    "/shop nodes hard 2",
    "/shop bytes hard 9",
    "/shop watches hard 7",
    "/shop/later children hard 3",
    "/shop/later leases soft 4",
    "/shop/later rate hard 5",
  ]);
});

test("the text of metrics follows the format, with everything in it escaped", () => {
  const text = prometheusText([
    { name: "a_total", help: "A \\ and\nmore.", type: "counter", samples: [{ labels: {}, value: 3 }] },
    {
      name: "b",
      help: "B.",
      type: "gauge",
      samples: [
        { labels: { peer: 'x"\\\n', kind: "k" }, value: 0.5 },
        { labels: {}, value: Number.POSITIVE_INFINITY },
      ],
    },
    { name: "none", help: "Nothing.", type: "gauge", samples: [] },
    {
      name: "c_seconds",
      help: "C.",
      type: "histogram",
      buckets: { bounds: [0.1, 1], counts: [1, 2], sum: 7.5, count: 3 },
    },
  ]);
  expect(text).toBe(
    [
      String.raw`# HELP a_total A \\ and\nmore.`,
      "# TYPE a_total counter",
      "a_total 3",
      "# HELP b B.",
      "# TYPE b gauge",
      String.raw`b{peer="x\"\\\n",kind="k"} 0.5`,
      "b +Inf",
      "# HELP none Nothing.",
      "# TYPE none gauge",
      "# HELP c_seconds C.",
      "# TYPE c_seconds histogram",
      'c_seconds_bucket{le="0.1"} 1',
      'c_seconds_bucket{le="1"} 2',
      'c_seconds_bucket{le="+Inf"} 3',
      "c_seconds_sum 7.5",
      "c_seconds_count 3",
      "",
    ].join("\n"),
  );
});
