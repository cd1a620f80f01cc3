import { type AclEntry, permissions } from "@flotilla/kv";
import { expect, test } from "vitest";
import type { Session } from "../../src/client/api.ts";
import { Cluster } from "./cluster.ts";

const anybody = { scheme: "world", id: "anyone", permissions: permissions.read } as const;
const somebody = { scheme: "ip", id: "10.0.0.1", permissions: permissions.all } as const;

/** What was handed out, as a caller without types may change it. */
function changeable<T>(given: T): { -readonly [K in keyof T]: T[K] } {
  return given;
}

async function single(): Promise<{ readonly cluster: Cluster; readonly session: Session }> {
  const cluster = new Cluster(1);
  await cluster.start();
  const { session } = cluster.node("n1");
  await cluster.until(session.put("/a", "1"));
  return { cluster, session };
}

async function aclOf(cluster: Cluster, session: Session, path: string): Promise<unknown> {
  return (await cluster.until(session.getAcl(path)))?.acl;
}

test("an access list counts as it was when the call was made", async () => {
  const { cluster, session } = await single();
  const acl: AclEntry[] = [anybody, somebody];
  const create = session.create("/b", "", { acl });
  const set = session.setAcl("/a", acl);
  const multi = session.multi([{ type: "create", path: "/c", acl }]);
  acl.length = 1;
  acl[0] = somebody;
  await cluster.until(Promise.all([create, set, multi]));
  for (const path of ["/a", "/b", "/c"])
    expect(await aclOf(cluster, session, path), path).toEqual([anybody, somebody]);
});

test("a budget counts as it was when the call was made", async () => {
  const { cluster, session } = await single();
  const budget = { nodes: { soft: 5, hard: 10 } };
  const set = session.setBudget("/a", budget);
  budget.nodes.hard = 20;
  await cluster.until(set);
  const info = await cluster.until(session.getBudget("/a"));
  expect(info?.budget).toEqual({ nodes: { soft: 5, hard: 10 } });
});

test.each(["linearizable", "local"] as const)(
  "what a %s read gives is the caller's to change",
  async (level) => {
    const { cluster, session } = await single();
    await cluster.until(session.setBudget("/a", { nodes: { hard: 10 } }));
    await cluster.until(session.create("/b", "", { acl: [somebody, anybody] }));
    await cluster.pass(50);
    for (const path of ["/a", "/b"]) {
      const before = structuredClone(await aclOf(cluster, session, path));
      const given = await cluster.until(session.getAcl(path, { level }));
      if (given === null) throw new Error(`no ${path}`);
      for (const entry of given.acl) changeable(entry).permissions = 0;
      expect(await aclOf(cluster, session, path), path).toEqual(before);
    }
    const info = await cluster.until(session.getBudget("/a", { level }));
    const { budgets } = await cluster.until(session.budgets("/", { level }));
    for (const { budget } of [info, ...budgets].flatMap((each) => each ?? []))
      changeable(budget).nodes = { hard: 99 };
    expect((await cluster.until(session.getBudget("/a")))?.budget).toEqual({ nodes: { hard: 10 } });
  },
);
