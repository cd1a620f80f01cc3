import { expect, test } from "vitest";
import type { Session } from "../../src/client/api.ts";
import { createConfig } from "../../src/recipes/config/config.ts";
import { type Flags, flagsOf, flagsSchema } from "./flags.ts";
import { type Client, collect, rejection, World } from "./world.ts";

const flags = (checkout: string): Flags => ({ checkout, rate: 0 });
const soon = { timeoutMs: 1_000 } as const;

/** A config whose first version somebody put back by hand in the place of its second. */
async function putBack(history?: number): Promise<{ world: World; client: Client }> {
  const world = await World.start();
  const client = await world.client();
  const { session } = client;
  const config = flagsOf(client, history);
  await world.until(config.set(flags("first")));
  const before = await world.until(session.get(config.path));
  await world.until(config.set(flags("second")));
  await world.until(session.set(config.path, before?.value ?? ""));
  expect(await world.until(config.get())).toMatchObject({ version: 1, value: flags("first") });
  return { world, client };
}

test("a write after an earlier version was put back by hand makes a version that there never was", async () => {
  const { world, client } = await putBack();
  const config = flagsOf(client);
  const seen = collect(config.watch());
  expect(await world.until(config.set(flags("third"), soon))).toMatchObject({ version: 3 });
  const told = (await world.until(config.history())).map(({ version, value }) => [version, value]);
  expect(told).toEqual([
    [3, flags("third")],
    [2, flags("second")],
    [1, flags("first")],
  ]);
  expect(await world.until(config.set(flags("fourth"), soon))).toMatchObject({ version: 4 });
  await world.pass(100);
  expect(seen.items.map(({ version }) => version)).toEqual([1, 3, 4]);
});

test("so does every other way to write, and with as few versions as are kept", async () => {
  const ways: ((client: Client) => Promise<unknown>)[] = [
    (client) => flagsOf(client).set(flags("x"), { version: 1, ...soon }),
    (client) => flagsOf(client).update(() => flags("x"), soon),
    (client) => flagsOf(client).rollback(2, soon),
    async (client) => client.session.multi(await flagsOf(client).draft(flags("x"))),
  ];
  for (const way of ways) {
    const { world, client } = await putBack();
    await world.until(way(client));
    expect(await world.until(flagsOf(client).get())).toMatchObject({ version: 3 });
  }
  const { world, client } = await putBack(1);
  await world.until(flagsOf(client, 1).set(flags("x"), soon));
  expect((await world.until(flagsOf(client).history())).map(({ version }) => version)).toEqual([3]);
});

test("there is no version after the last that can be told from others", async () => {
  const world = await World.start();
  const client = await world.client();
  const config = flagsOf(client);
  await world.until(config.set(flags("first")));
  await world.until(client.session.create(`${config.path}/${Number.MAX_SAFE_INTEGER}`, "mine"));
  expect(await world.until(rejection(config.set(flags("second"), soon)))).toMatchObject({
    code: "ERR_FLOTILLA_LIMIT",
  });
});

/** A session that counts the nodes which are read together with others. */
function counting(session: Session): { readonly session: Session; readonly read: { nodes: number } } {
  const read = { nodes: 0 };
  const childNodes: Session["childNodes"] = async (path, options) => {
    const page = await session.childNodes(path, options);
    read.nodes += page?.children.length ?? 0;
    return page;
  };
  const counted = new Proxy(session, {
    get: (target, key) => {
      if (key === "childNodes") return childNodes;
      const found: unknown = Reflect.get(target, key, target);
      return typeof found === "function" ? (found.bind(target) as unknown) : found;
    },
  });
  return { session: counted, read };
}

test("history reads as many versions as it tells", async () => {
  const world = await World.start();
  const client = await world.client();
  const { session, read } = counting(client.session);
  const config = createConfig(session, "flags", { schema: flagsSchema });
  // A page holds two or three of these.
  for (let n = 1; n <= 9; n += 1) await world.until(config.set(flags(String(n).repeat(200_000))));
  await world.until(client.session.create(`${config.path}/0000000004-note`, "mine"));
  const told = async (options: object): Promise<readonly unknown[]> => {
    read.nodes = 0;
    const found = await world.until(config.history(options));
    return [found.map(({ version, value }) => [version, (value as Flags).checkout[0]]), read.nodes];
  };
  expect(await told({ limit: 1 })).toEqual([[[9, "9"]], 1]);
  expect(await told({ limit: 2, before: 4 })).toEqual([
    [
      [3, "3"],
      [2, "2"],
    ],
    2,
  ]);
  expect(await told({ limit: 2, before: 6 })).toEqual([
    [
      [5, "5"],
      [4, "4"],
    ],
    3,
  ]);
  const all = Array.from({ length: 9 }, (_, n) => [9 - n, String(9 - n)]);
  expect(await told({})).toEqual([all, 10]);
  expect(await told({ before: 1 })).toEqual([[], 0]);
});

test("a version is refused that one command could not write as the latest and as one that is kept", async () => {
  const world = await World.start();
  const client = await world.client();
  const config = flagsOf(client);
  const refused = await world.until(rejection(config.set(flags("x".repeat(786_432)))));
  expect(refused).toMatchObject({
    code: "ERR_FLOTILLA_TOO_LARGE",
    message: expect.stringMatching(/^a version of \/config\/\w+ would have \d+ bytes; the limit is 786432$/),
  });
  expect(await world.until(config.set(flags("x".repeat(786_000))))).toMatchObject({ version: 1 });
  expect(await world.until(config.set(flags("y".repeat(786_000))))).toMatchObject({ version: 2 });
});
