import { expect, test } from "vitest";
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
