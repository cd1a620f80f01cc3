import { expect, test } from "vitest";
import type { Observer } from "../../src/server/observer.ts";
import { Cluster } from "./cluster.ts";

test("what is asked of a member before anybody leads is done once somebody does, under the name that it had then", async () => {
  const cluster = new Cluster(3);
  await cluster.start(["n1"]);
  const { session, registry } = cluster.node("n1");
  const { id } = session;
  const creating = session.create("/early", "", { ephemeral: true });
  const registering = registry.register({ name: "api", address: "10.0.0.1", port: 80 });
  // Longer than a server tries to open a session, and than a client waits for one that does not answer.
  await cluster.pass(12_000);
  await cluster.start(["n2", "n3"]);
  await cluster.until(creating);
  const registration = await cluster.until(registering);
  expect(session.id).toBe(id);
  expect((await cluster.until(session.exists("/early")))?.ephemeralOwner).toBe(id);
  await cluster.until(registration.deregister());
});

test("each attempt to open a further session of a member's process names another, so that none is opened twice", async () => {
  const cluster = new Cluster(3);
  const attached = new Map<number, string>();
  const observer: Observer = {
    applied: (index, applied) => {
      if (applied.type === "attached") attached.set(index, applied.session);
    },
  };
  await cluster.start(cluster.ids, { observer });
  const leader = await cluster.leader();
  await cluster.pass(2_000);
  attached.clear();
  const follower = cluster.ids.find((id) => id !== leader) ?? "";
  // What it asks gets there, and no answer comes back.
  cluster.kernel.network.cut(leader, follower);
  const opening = cluster.node(follower).connect({ sessionTtlMs: 500, timeoutMs: 20_000 });
  await cluster.pass(1_000);
  cluster.kernel.network.healAll();
  const { session } = await cluster.until(opening);
  const named = [...attached.values()];
  expect(named.length).toBeGreaterThan(1);
  expect(new Set(named).size).toBe(named.length);
  expect(named.at(-1)).toBe(session.id);
});

test("a watch asked for before the session is open goes on from a revision as one asked for later does", async () => {
  const cluster = new Cluster(1);
  await cluster.start();
  const first = cluster.node("n1").session;
  const { revision } = await cluster.until(first.put("/a", "1"));
  await cluster.until(first.put("/a", "2"));
  await cluster.pass(1_000);
  cluster.kernel.node("n1").stop();
  await cluster.pass(100);
  await cluster.until(cluster.restart("n1"));
  const { session } = cluster.node("n1");
  expect(session.state).toBe("connecting");
  const watch = await cluster.until(session.watch("/a", { from: revision }));
  expect(watch.token).toMatchObject({ revision });
  expect(watch.token.historyId).not.toBe("");
  const { value } = await cluster.until(watch[Symbol.asyncIterator]().next());
  expect(value).toMatchObject({ type: "changed", revision: revision + 1 });
});
