import type { Host, Resolver } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import { Kernel, simResolver } from "@flotilla/runtime/sim";
import { expect, test } from "vitest";
import { admin, nodeStatus } from "../../src/client/index.ts";
import type { Discovery } from "../../src/client/discovery.ts";
import { dnsEndpoints, fileEndpoints, srvEndpoints, staticEndpoints } from "../../src/client/discovery.ts";
import { Endpoints } from "../../src/client/endpoints.ts";
import { World } from "../recipes/world.ts";
import { errorOf } from "./fake-cluster.ts";

const signal = new AbortController().signal;

/** Answers from a table; what is not in it is unknown. */
class FakeResolver implements Resolver {
  readonly asked: string[] = [];
  readonly addressesOf = new Map<string, readonly string[]>();
  readonly servicesOf = new Map<string, readonly { readonly host: string; readonly port: number }[]>();
  readonly files = new Map<string, string>();

  addresses(host: string): Promise<readonly string[]> {
    return this.#find(this.addressesOf, host);
  }

  services(name: string): Promise<readonly { readonly host: string; readonly port: number }[]> {
    return this.#find(this.servicesOf, name);
  }

  text(path: string): Promise<string> {
    return this.#find(this.files, path);
  }

  async #find<T>(table: ReadonlyMap<string, T>, key: string): Promise<T> {
    this.asked.push(key);
    const found = table.get(key);
    if (found === undefined) throw new FlotillaError("ERR_FLOTILLA_UNREACHABLE", `cannot resolve ${key}`);
    return found;
  }
}

const hostWith = (resolver: Resolver): Host => ({ ...new Kernel({ seed: "d" }).node("c").start(), resolver });
const look = (discovery: Discovery, resolver: Resolver): Promise<readonly string[]> =>
  new Endpoints(discovery, hostWith(resolver)).look({ signal, timeoutMs: 1_000 });

test("finds servers by name, by service, in a file and in a list", async () => {
  const resolver = new FakeResolver();
  resolver.addressesOf.set("db.test", ["10.0.0.1", "fd00::1"]);
  resolver.servicesOf.set("_x._tcp.test", [{ host: "n1.test", port: 7_401 }]);
  resolver.files.set("/servers", "# ours\n10.0.0.1:7400, 10.0.0.2:7400\n\n[fd00::1]:7400 # the third\n");
  expect(await look(dnsEndpoints("db.test", 7_400), resolver)).toEqual(["10.0.0.1:7400", "[fd00::1]:7400"]);
  expect(await look(srvEndpoints("_x._tcp.test"), resolver)).toEqual(["n1.test:7401"]);
  expect(await look(fileEndpoints("/servers"), resolver)).toEqual([
    "10.0.0.1:7400",
    "10.0.0.2:7400",
    "[fd00::1]:7400",
  ]);
  expect(await look(staticEndpoints(["a:1", "a:1"]), resolver)).toEqual(["a:1"]);
});

test("takes of what is found only addresses, each once, and so many", async () => {
  const many = Array.from({ length: 300 }, (_, index) => `n${index}:1`);
  const found = ["a:0", "no address", 7, null, "a:1", "a:1", ...many] as unknown as readonly string[];
  const taken = await look({ resolve: () => Promise.resolve(found) }, simResolver);
  expect(taken.length).toBe(256);
  expect(taken.slice(0, 3)).toEqual(["a:1", "n0:1", "n1:1"]);
});

test("keeps what it knew while nothing is found, and says so when nothing ever was", async () => {
  const answers: unknown[] = [new Error("down"), ["a:1"], new Error("down"), [], "nonsense", ["b:1"]];
  const resolve = (): Promise<readonly string[]> => {
    const answer = answers.shift();
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer as readonly string[]);
  };
  const endpoints = new Endpoints({ resolve }, hostWith(simResolver));
  const limits = { signal, timeoutMs: 1_000 };
  const error = await errorOf(endpoints.look(limits));
  expect(error.code).toBe("ERR_FLOTILLA_UNREACHABLE");
  expect(error.message).toContain("down");
  expect(await endpoints.look(limits)).toEqual(["a:1"]);
  for (let i = 0; i < 3; i += 1) expect(await endpoints.look(limits)).toEqual(["a:1"]);
  expect(await endpoints.look(limits)).toEqual(["b:1"]);
});

test("does not wait for ever for a discovery, which is told", async () => {
  const kernel = new Kernel({ seed: "d" });
  const told: AbortSignal[] = [];
  const never = (given: AbortSignal): Promise<readonly string[]> => {
    told.push(given);
    return new Promise(() => {});
  };
  const endpoints = new Endpoints({ resolve: never }, kernel.node("c").start());
  const error = await kernel.until(errorOf(endpoints.look({ signal, timeoutMs: 500 })));
  expect(error.code).toBe("ERR_FLOTILLA_UNREACHABLE");
  expect(kernel.nowMs).toBe(500);
  const stop = new AbortController();
  const stopped = errorOf(endpoints.look({ signal: stop.signal, timeoutMs: 500 }));
  stop.abort();
  expect((await kernel.until(stopped)).code).toBe("ERR_FLOTILLA_ABORTED");
  expect(told.map((each) => each.aborted)).toEqual([true, true]);
});

test.each([
  ["a port that is none", () => dnsEndpoints("a", 0)],
  ["a name that is none", () => dnsEndpoints("a b", 1)],
  ["no name", () => srvEndpoints("")],
  ["servers that are no list", () => srvEndpoints("a", { servers: [] })],
  ["no path", () => fileEndpoints("")],
  ["no discovery", () => admin({ endpoints: {} as unknown as Discovery })],
  ["no list", () => admin({ endpoints: "a:1" as unknown as readonly string[] })],
  ["no fixed list", () => staticEndpoints(undefined as unknown as readonly string[])],
  ["an empty fixed list", () => staticEndpoints([])],
  ["a fixed list of what is no address", () => staticEndpoints(["nope"])],
  ["null for a name", () => dnsEndpoints(null as unknown as string, 1)],
  ["null for options", () => dnsEndpoints("a", 1, null as unknown as undefined)],
])("refuses %s", (_, make) => {
  expect(make).toThrow(FlotillaError);
  expect(make).toThrow(/expected|not an address|not host:port/);
});

test("asks before each dial", async () => {
  const world = await World.start(3);
  const [first] = world.cluster.ids;
  if (first === undefined) throw new Error("no members");
  const asked = { count: 0 };
  const resolve = (): Promise<readonly string[]> => {
    asked.count += 1;
    return Promise.resolve([world.cluster.address(first)]);
  };
  const { session } = await world.client({ endpoints: { resolve } });
  expect(session.server).toBe(first);
  for (let i = 0; i < 3; i += 1) {
    const before = asked.count;
    world.kernel.network.reset("c1", session.server ?? "");
    await world.pass(1_000);
    expect(session.state).toBe("connected");
    expect(asked.count).toBe(before + 1);
  }
});

test("goes on with what members told of when the discovery fails for good", async () => {
  const world = await World.start(3);
  const [first] = world.cluster.ids;
  if (first === undefined) throw new Error("no members");
  const answers = [[world.cluster.address(first)]];
  const resolve = async (): Promise<readonly string[]> => answers.shift() ?? [];
  const { session } = await world.client({ endpoints: { resolve } });
  world.kernel.node(first).crash();
  await world.until(session.create("/on"));
  expect(session.server).not.toBe(first);
});

test("operators and whoever asks for the status find the members the same way", async () => {
  const world = await World.start(3);
  const host = world.kernel.node("op").start();
  const resolver = new FakeResolver();
  const { ids } = world.cluster;
  resolver.servicesOf.set(
    "_flotilla._tcp.test",
    ids.map((host) => ({ host, port: Number(world.cluster.address(host).split(":")[1]) })),
  );
  const endpoints = srvEndpoints("_flotilla._tcp.test");
  const options = { host: { ...host, resolver }, endpoints };
  expect((await world.until(admin(options).members.list())).members.map(({ id }) => id)).toEqual(ids);
  expect(ids).toContain((await world.until(nodeStatus(options))).id);
  resolver.servicesOf.clear();
  const error = await world.until(errorOf(admin({ ...options, timeoutMs: 1_000 }).members.list()));
  expect(error.code).toBe("ERR_FLOTILLA_UNREACHABLE");
});
