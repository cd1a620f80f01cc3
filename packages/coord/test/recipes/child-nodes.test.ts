import { permissions } from "@flotilla/kv";
import type { Session } from "../../src/client/api.ts";
import type { ChildNodesPage } from "../../src/client/read-api.ts";
import { text } from "../../src/client/values.ts";
import { describe, expect, test } from "vitest";
import { World } from "./world.ts";

function plain(page: ChildNodesPage | null): unknown {
  return page && [page.children.map(({ name, node }) => `${name}=${node && text(node)}`), page.next];
}

const levels = [{ level: "local" }, {}] as const;

describe("children with their nodes", () => {
  test.each(levels)("come in order, page by page (%o)", async (level) => {
    const world = await World.start(3);
    const { session } = await world.client();
    for (const path of ["/a", "/a/z", "/a/x", "/a/y", "/a/x/deep"])
      await world.until(session.create(path, path));
    const read = (options: object): Promise<unknown> =>
      world.until(session.childNodes("/a", { ...level, ...options })).then(plain);
    expect(await read({})).toEqual([["x=/a/x", "y=/a/y", "z=/a/z"], null]);
    expect(await read({ limit: 2 })).toEqual([["x=/a/x", "y=/a/y"], "y"]);
    expect(await read({ after: "y" })).toEqual([["z=/a/z"], null]);
    expect(plain(await world.until(session.childNodes("/", level)))).toEqual([["a=/a"], null]);
    expect(plain(await world.until(session.childNodes("/a/y", level)))).toEqual([[], null]);
    expect(await world.until(session.childNodes("/none", level))).toBeNull();
  });

  test("have the stat of each", async () => {
    const world = await World.start(1);
    const { session } = await world.client();
    await world.until(session.create("/a"));
    const { stat } = await world.until(session.create("/a/x", "1"));
    const page = await world.until(session.childNodes("/a"));
    expect(page?.children[0]?.node?.stat).toEqual(stat);
  });

  test("do not show what may not be read", async () => {
    const world = await World.start(1);
    const { session } = await world.client();
    await world.until(session.create("/a"));
    await world.until(session.create("/a/open", "1"));
    const acl = [{ scheme: "world", id: "anyone", permissions: permissions.write }] as const;
    await world.until(session.create("/a/shut", "2", { acl }));
    expect(plain(await world.until(session.childNodes("/a")))).toEqual([["open=1", "shut=null"], null]);
    await world.until(session.create("/shut", "", { acl }));
    await expect(world.until(session.childNodes("/shut"))).rejects.toMatchObject({
      code: "ERR_FLOTILLA_NO_AUTH",
    });
  });

  test("fill a page that fits into a message", async () => {
    const world = await World.start(1);
    const { session } = await world.client();
    await world.until(session.create("/a"));
    const large = new Uint8Array(200_000);
    for (let k = 0; k < 5; k += 1) await world.until(session.create(`/a/${k}`, large));
    expect(await pages(world, session)).toEqual([3, 2]);
    const largest = new Uint8Array(1_048_576);
    for (let k = 0; k < 5; k += 1) await world.until(session.set(`/a/${k}`, largest));
    expect(await pages(world, session)).toEqual([1, 1, 1, 1, 1]);
  });

  test("are the caller's own, also within the process of the member", async () => {
    const world = await World.start(1);
    const { session } = world.cluster.node("n1");
    await world.until(session.create("/a"));
    await world.until(session.create("/a/x", "12"));
    const page = await world.until(session.childNodes("/a", { level: "local" }));
    page?.children[0]?.node?.value.fill(0);
    expect(plain(await world.until(session.childNodes("/a", { level: "local" })))).toEqual([["x=12"], null]);
  });
});

async function pages(world: World, session: Session): Promise<number[]> {
  const sizes: number[] = [];
  for (let after: string | undefined; ;) {
    const page = await world.until(session.childNodes("/a", after === undefined ? {} : { after }));
    if (page === null) throw new Error("no page");
    sizes.push(page.children.length);
    if (page.next === null) return sizes;
    after = page.next;
  }
}
