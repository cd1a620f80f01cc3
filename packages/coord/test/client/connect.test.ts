import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Channel, Host } from "@flotilla/runtime";
import { acceptHandshake } from "@flotilla/runtime";
import { Kernel } from "@flotilla/runtime/sim";
import { expect, test } from "vitest";
import { connect } from "../../src/client/index.ts";
import type { ConnectOptions } from "../../src/client/options.ts";
import { maxFrameBytes } from "../../src/wire/bounds.ts";
import { decodeClientMessage } from "../../src/wire/client-codec.ts";
import { clientProtocol } from "../../src/wire/messages.ts";
import { encodeServerMessage } from "../../src/wire/server-codec.ts";
import { errorOf, historyId } from "./fake-cluster.ts";

/** A server that takes every session, behind the real handshake on the simulated network. */
async function serve(
  host: Host,
  name: string,
  secret: string | undefined,
  endpoints: readonly string[],
): Promise<void> {
  const answer = (channel: Channel, frame: Uint8Array): void => {
    const message = decodeClientMessage(frame);
    if (message.type === "ping") channel.send(encodeServerMessage({ type: "pong", number: message.number }));
    if (message.type === "renew")
      channel.send(encodeServerMessage({ type: "renewed", number: message.number, refused: [] }));
    if (message.type !== "attach") return;
    const { attach } = message;
    const of = { lastSeq: 0, ttlMs: 10_000, node: name, historyId, revision: 0, endpoints };
    channel.send(encodeServerMessage({ type: "attached", attach, ...of }));
  };
  await host.network.listen(
    { address: `${name}:7000`, protocols: [clientProtocol], maxFrameBytes },
    (channel) => {
      acceptHandshake(channel, {
        clock: host.clock,
        random: host.random,
        cluster: "flotilla",
        ...(secret === undefined ? {} : { secret }),
        versions: { min: 1, max: 1 },
        identity: null,
        onReady: () => ({ message: (frame) => answer(channel, frame), end: () => {} }),
      }).catch(() => {});
    },
  );
}

interface World {
  readonly kernel: Kernel;
  readonly client: Host;
}

async function world(
  servers: readonly string[],
  secret?: string,
  endpoints: readonly string[] = [],
): Promise<World> {
  const kernel = new Kernel({ seed: "connect" });
  for (const name of servers) await kernel.until(serve(kernel.node(name).start(), name, secret, endpoints));
  return { kernel, client: kernel.node("client").start() };
}

const options = (client: Host, ...names: string[]): ConnectOptions => ({
  host: client,
  endpoints: names.map((name) => `${name}:7000`),
});

test("opens a session at one of the endpoints, with the recipes on it", async () => {
  const { kernel, client } = await world(["a", "b"], "s3cret");
  const coord = await kernel.until(connect({ ...options(client, "a", "b"), secret: "s3cret" }));
  expect(["a", "b"]).toContain(coord.session.server);
  expect(coord.election("boss").name).toBe("boss");
  expect(coord.registry).toBeDefined();
  await kernel.until(coord.close());
  expect(coord.session.state).toBe("closed");
});

test("does not always begin with the same endpoint", async () => {
  const { kernel, client } = await world(["a", "b", "c"]);
  const seen = new Set<string | null>();
  for (let i = 0; i < 20; i += 1) {
    const coord = await kernel.until(connect(options(client, "a", "b", "c")));
    seen.add(coord.session.server);
  }
  expect(seen.size).toBe(3);
});

test("finds the one endpoint that is there", async () => {
  const { kernel, client } = await world(["a"]);
  kernel.node("dead").start();
  const coord = await kernel.until(connect(options(client, "dead", "a")));
  expect(coord.session.server).toBe("a");
});

test("survives the only endpoint it was given, by what that one told it of", async () => {
  const { kernel, client } = await world(["a", "b"], undefined, [
    "a:7000",
    "b:7000",
    "not an address",
    "b:0",
  ]);
  const coord = await kernel.until(connect(options(client, "a")));
  kernel.node("a").crash();
  await kernel.run({ untilMs: kernel.nowMs + 1_000 });
  expect(coord.session.server).toBe("b");
});

test("leaves a server that died without a word after a fifth of the TTL", async () => {
  const { kernel, client } = await world(["a", "b"]);
  const coord = await kernel.until(connect(options(client, "a", "b")));
  const first = coord.session.server ?? "";
  kernel.node(first).crash({ powerOff: true });
  await kernel.run({ untilMs: kernel.nowMs + 5_500 });
  expect(coord.session.server).not.toBe(first);
  expect(coord.session.server).not.toBe(null);
  expect(coord.session.lease.expiresIn).toBeGreaterThan(0);
});

test("does not take what arrived during a stall of its own for silence", async () => {
  const { kernel, client } = await world(["a", "b"]);
  const coord = await kernel.until(connect(options(client, "a", "b")));
  const first = coord.session.server ?? "";
  kernel.network.link(first, "client").extraMs = 300;
  const servers = new Set<string | null>();
  coord.session.onState(() => servers.add(coord.session.server));
  for (let i = 0; i < 10; i += 1) {
    await kernel.run({ untilMs: kernel.nowMs + 2_130 });
    servers.add(coord.session.server);
    kernel.node("client").stall(3_000);
    await kernel.run({ untilMs: kernel.nowMs + 3_000 });
  }
  expect([...servers]).toEqual([first]);
});

test.each([
  ["another secret", { secret: "other" }, "ERR_FLOTILLA_WRONG_SECRET"],
  ["no secret", {}, "ERR_FLOTILLA_WRONG_SECRET"],
  ["another cluster", { secret: "s3cret", cluster: "other" }, "ERR_FLOTILLA_WRONG_CLUSTER"],
] as const)("is refused with %s", async (_, own, code) => {
  const { kernel, client } = await world(["a", "b"], "s3cret");
  expect(await kernel.until(errorOf(connect({ ...options(client, "a", "b"), ...own })))).toMatchObject({
    code,
  });
  expect(kernel.nowMs).toBeLessThan(1_000);
});

test("says UNREACHABLE within the time given when nobody is there", async () => {
  const { kernel, client } = await world([]);
  kernel.node("a").start();
  const error = await kernel.until(errorOf(connect({ ...options(client, "a"), connectTimeoutMs: 1_000 })));
  expect(error).toMatchObject({ code: "ERR_FLOTILLA_UNREACHABLE" });
  expect(kernel.nowMs).toBeLessThan(1_100);
});

test.each([
  ["no endpoints", { endpoints: [] }, "ERR_FLOTILLA_BAD_ARGUMENT"],
  ["endpoints that are none", { endpoints: "a:1" as never }, "ERR_FLOTILLA_BAD_ARGUMENT"],
  ["an address that is none", { endpoints: ["a:b:c"] }, "ERR_FLOTILLA_BAD_ADDRESS"],
  ["a port that nobody is reached at", { endpoints: ["a:1", "a:0"] }, "ERR_FLOTILLA_BAD_ADDRESS"],
  ["an empty secret", { secret: "" }, "ERR_FLOTILLA_BAD_ARGUMENT"],
  ["a ttl out of bounds", { sessionTtlMs: 1 }, "ERR_FLOTILLA_BAD_ARGUMENT"],
  ["a timeout that is none", { timeoutMs: -1 }, "ERR_FLOTILLA_BAD_ARGUMENT"],
  ["a logger that is none", { logger: { warn: () => {} } as never }, "ERR_FLOTILLA_BAD_ARGUMENT"],
] as const)("refuses %s", async (_, wrong, code) => {
  const { client } = await world([]);
  expect(await errorOf(connect({ ...options(client, "a"), ...wrong }))).toMatchObject({ code });
});

test("names what comes nearest to an option that there is not", async () => {
  const { client } = await world([]);
  const slip = { connectTimeoutMS: 5 };
  const error = await errorOf(connect({ ...options(client, "a"), ...slip }));
  expect(error).toMatchObject({ code: "ERR_FLOTILLA_BAD_ARGUMENT" });
  expect(error.message).toBe("connectTimeoutMS: expected an option that there is, such as connectTimeoutMs");
  const ofAnother = { ttlMs: 5_000 };
  const other = await errorOf(connect({ ...options(client, "a"), ...ofAnother }));
  expect(other.message).toContain("ttlMs: expected an option that there is");
});

test("names the time to connect when it is none", async () => {
  const { client } = await world([]);
  const error = await errorOf(connect({ ...options(client, "a"), connectTimeoutMs: -1 }));
  expect(error.message).toBe("connectTimeoutMs: expected a number above 0");
});

test("loads neither raft nor a database", () => {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const source = readFileSync(file, "utf8");
    for (const [, specifier = ""] of source.matchAll(
      /(?:^(?:import|export) (?!type )[^;]*?from |import\()"([^"]+)"/gmu,
    )) {
      if (specifier.startsWith(".")) visit(join(dirname(file), specifier));
      else packages.add(specifier);
    }
  };
  visit(join(import.meta.dirname, "../../src/client/index.ts"));
  expect([...packages].toSorted()).toEqual([
    "@flotilla/kv",
    "@flotilla/runtime",
    "@flotilla/runtime/real/client",
    "croner",
    "node:crypto",
    "node:events",
    "node:zlib",
  ]);
  visit(join(import.meta.dirname, "../../../runtime/src/real/client.ts"));
  expect([...packages]).not.toContain("level");
  expect([...packages]).toContain("ws");
});
