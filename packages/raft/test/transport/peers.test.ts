import { dialHandshake, FlotillaError, silentLogger } from "@flotilla/runtime";
import type { Channel, ChannelEnd, ChannelHandler, Listener, LogMethod } from "@flotilla/runtime";
import { realClientHost } from "@flotilla/runtime/real/client";
import { expect, test } from "vitest";
import type { Configuration } from "../../src/core/config/configuration.ts";
import { encodeFrame, peerMaxFrameBytes } from "../../src/transport/message-codec.ts";
import { linkProtocols, writeIdentity } from "../../src/transport/peer-identity.ts";
import type { LinkKind } from "../../src/transport/peer-identity.ts";
import { Peers } from "../../src/transport/peers.ts";

const timeoutMs = 30_000;
const electionTimeoutMs = 400;
const incarnations = { a: "a".repeat(32), b: "b".repeat(32) };
const history = "9".repeat(32);

interface SideOptions {
  readonly secret?: string;
  readonly cluster?: string;
  readonly incarnation?: string;
  readonly historyId?: string;
  readonly known?: boolean;
}

/** What one side saw, and a way to wait for it. */
class Log {
  readonly lines: string[] = [];
  readonly #waiting = new Set<() => void>();

  add(line: string): void {
    this.lines.push(line);
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #count(line: string): number {
    return this.lines.filter((each) => each === line).length;
  }

  async until(line: string, times: number = 1): Promise<void> {
    while (this.#count(line) < times) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }
}

function configurationOf(addresses: Readonly<Record<string, string>>, options: SideOptions): Configuration {
  const voters = (["a", "b"] as const).map((id) => ({
    id,
    address: addresses[id] ?? "",
    incarnation: options.known === true ? incarnations[id] : "",
  }));
  return {
    index: 0,
    historyId: options.historyId ?? "",
    voters,
    outgoing: [],
    learners: [],
    leaseReads: false,
  };
}

class Side implements AsyncDisposable {
  readonly peers: Peers;
  readonly log: Log;
  readonly #listener: Listener | null;
  #watch: NodeJS.Timeout | undefined;

  constructor(peers: Peers, log: Log, listener: Listener | null) {
    this.peers = peers;
    this.log = log;
    this.#listener = listener;
  }

  /** Does what a node does with its ticks. */
  keepWatch(): void {
    this.#watch = setInterval(() => this.peers.maintain(performance.now()), electionTimeoutMs / 10);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watch);
    this.peers.close();
    await this.#listener?.close();
  }
}

function makePeers(
  id: "a" | "b",
  addresses: Readonly<Record<string, string>>,
  log: Log,
  options: SideOptions,
): Peers {
  const say: LogMethod = (fields) => {
    const { err } = fields;
    if (FlotillaError.is(err)) log.add(err.code);
  };
  const { historyId = "", secret, cluster = "test" } = options;
  const configuration = { ...configurationOf(addresses, options), historyId };
  return new Peers({
    host: realClientHost({ logger: { ...silentLogger, warn: say } }),
    id,
    incarnation: options.incarnation ?? incarnations[id],
    cluster,
    secret: secret === undefined ? undefined : new TextEncoder().encode(secret),
    electionTimeoutMs,
    known: { current: configuration, committed: configuration, historyId: configuration.historyId },
    events: {
      up: (peer) => log.add(`up ${peer}`),
      down: (peer, byPeer) => log.add(`down ${peer} ${byPeer ? "by peer" : "by us"}`),
      removed: () => log.add("removed"),
      doubled: (peer) => log.add(`doubled by ${peer}`),
      refused: (peer, reason) => log.add(`refused ${peer}: ${reason}`),
      receive: (from, _, message) => log.add(`${message.type} from ${from}`),
    },
  });
}

/** The side that is dialed. */
async function acceptor(
  options: SideOptions = {},
): Promise<{ readonly side: Side; readonly address: string }> {
  const host = realClientHost({ logger: silentLogger });
  let peers: Peers | null = null;
  const listener = await host.network.listen(
    { address: "127.0.0.1:0", protocols: Object.values(linkProtocols), maxFrameBytes: peerMaxFrameBytes },
    (channel) => peers?.accept(channel),
  );
  const log = new Log();
  peers = makePeers("b", { a: "127.0.0.1:1", b: listener.address }, log, options);
  peers.start();
  return { side: new Side(peers, log, listener), address: listener.address };
}

function dialer(address: string, options: SideOptions = {}): Side {
  const log = new Log();
  const peers = makePeers("a", { a: "127.0.0.1:1", b: address }, log, options);
  peers.start();
  return new Side(peers, log, null);
}

const heartbeat = { type: "heartbeat", term: 1, commit: 0, round: 1 } as const;
const append = { type: "append", term: 1, prev: { index: 0, term: 0 }, commit: 0, entries: [] } as const;

test("both links come up and carry messages both ways", { timeout: timeoutMs }, async () => {
  const { side, address } = await acceptor({ secret: "s" });
  await using b = side;
  await using a = dialer(address, { secret: "s" });
  await Promise.all([a.log.until("up b"), b.log.until("up a")]);
  expect(a.peers.send("b", heartbeat) && a.peers.send("b", append)).toBe(true);
  a.peers.flush();
  b.peers.send("a", append);
  b.peers.flush();
  await Promise.all([
    b.log.until("heartbeat from a"),
    b.log.until("append from a"),
    a.log.until("append from b"),
  ]);
  expect(a.peers.send("nobody", heartbeat)).toBe(false);
});

test("a turn with very many messages travels in several frames", { timeout: timeoutMs }, async () => {
  const { side, address } = await acceptor();
  await using b = side;
  await using a = dialer(address);
  await Promise.all([a.log.until("up b"), b.log.until("up a")]);
  for (let k = 0; k < 10_000; k += 1) a.peers.send("b", heartbeat);
  a.peers.flush();
  await b.log.until("heartbeat from a", 10_000);
  expect(b.peers.isUp("a")).toBe(true);
});

test.each([
  ["another secret", { secret: "one" }, { secret: "two" }, "ERR_FLOTILLA_WRONG_SECRET"],
  ["no secret", { secret: "one" }, {}, "ERR_FLOTILLA_WRONG_SECRET"],
  ["another cluster", {}, { cluster: "other" }, "ERR_FLOTILLA_WRONG_CLUSTER"],
  ["another history", { historyId: history }, { historyId: "8".repeat(32) }, "ERR_FLOTILLA_WRONG_CLUSTER"],
  [
    "another incarnation",
    { known: true, historyId: history },
    { incarnation: "f".repeat(32) },
    "ERR_FLOTILLA_WIPED",
  ],
])("a dialer with %s is refused and told so", { timeout: timeoutMs }, async (_, theirs, ours, code) => {
  const { side, address } = await acceptor(theirs);
  await using b = side;
  await using a = dialer(address, ours);
  await a.log.until(code);
  expect(b.log.lines).not.toContain("up a");
  expect(a.peers.send("b", heartbeat)).toBe(false);
});

test("whoever dials in again and again is told of once for each reason", { timeout: timeoutMs }, async () => {
  const { side, address } = await acceptor({ secret: "one" });
  await using b = side;
  const attempts = Array.from({ length: 5 }, (_, k) => impostor(address, "control", k));
  for (const attempt of await Promise.allSettled(attempts))
    expect(attempt).toMatchObject({ reason: { code: "ERR_FLOTILLA_WRONG_SECRET" } });
  await using _a = dialer(address, { secret: "one", cluster: "other" });
  await b.log.until("ERR_FLOTILLA_WRONG_CLUSTER");
  expect(b.log.lines).toEqual(["ERR_FLOTILLA_WRONG_SECRET", "ERR_FLOTILLA_WRONG_CLUSTER"]);
});

test("closing ends a handshake that is under way", { timeout: timeoutMs }, async () => {
  const { network } = realClientHost({ logger: silentLogger });
  const heard = new Log();
  const handler = { message: () => heard.add("frame"), end: () => heard.add("end") };
  await using silent = await network.listen(
    { address: "127.0.0.1:0", protocols: [linkProtocols.control], maxFrameBytes: peerMaxFrameBytes },
    (channel) => channel.handle(handler),
  );
  await using a = dialer(silent.address);
  await heard.until("frame");
  a.peers.close();
  await heard.until("end");
  // A second frame would be the refusal of whoever waited in vain.
  expect(heard.lines).toEqual(["frame", "end"]);
});

test("a member without a history is let in", { timeout: timeoutMs }, async () => {
  const { side, address } = await acceptor({ historyId: history, known: true });
  await using b = side;
  await using a = dialer(address);
  await Promise.all([a.log.until("up b"), b.log.until("up a")]);
});

test("a dialer comes back after the other side was gone", { timeout: timeoutMs }, async () => {
  const first = await acceptor();
  await using a = dialer(first.address);
  await a.log.until("up b");
  await first.side[Symbol.asyncDispose]();
  await a.log.until("down b by peer");
  const host = realClientHost({ logger: silentLogger });
  const log = new Log();
  await using b = new Side(makePeers("b", { a: "127.0.0.1:1", b: first.address }, log, {}), log, null);
  b.peers.start();
  await using _listener = await host.network.listen(
    { address: first.address, protocols: Object.values(linkProtocols), maxFrameBytes: peerMaxFrameBytes },
    (channel) => b.peers.accept(channel),
  );
  await Promise.all([a.log.until("up b", 2), log.until("up a")]);
});

/** Hears nothing but how a channel ends. */
class Ending implements ChannelHandler {
  readonly promise: Promise<ChannelEnd>;
  #resolve: ((end: ChannelEnd) => void) | null = null;

  constructor() {
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  message(): void {}

  end(end: ChannelEnd): void {
    this.#resolve?.(end);
  }
}

/** A dialer that proves itself and then says what it likes. */
async function impostor(
  address: string,
  kind: LinkKind,
  attempt: number,
  id: string = "a",
): Promise<{ channel: Channel; ended: Promise<ChannelEnd> }> {
  const host = realClientHost({ logger: silentLogger });
  const channel = await host.network.dial(address, {
    protocol: linkProtocols[kind],
    maxFrameBytes: 100_000_000,
  });
  const ended = new Ending();
  await dialHandshake(channel, {
    clock: host.clock,
    random: host.random,
    cluster: "test",
    versions: { min: 1, max: 1 },
    identity: writeIdentity({
      id,
      incarnation: incarnations.a,
      historyId: "",
      version: 0,
      kind,
      life: 1,
      attempt,
      level: 1,
    }),
    onReady: () => ended,
  });
  return { channel, ended: ended.promise };
}

test.each([
  ["a malformed frame", Uint8Array.of(0xff, 0xff)],
  ["an unknown message", Uint8Array.of(0x81, 0x81, 0x18, 0x63)],
  [
    "entries with a wrong checksum",
    encodeFrame([append]).map((byte, at, all) => (at === all.length - 1 ? 0x41 : byte)),
  ],
  ["an oversized frame", new Uint8Array(peerMaxFrameBytes + 1)],
])("%s ends the links", { timeout: timeoutMs }, async (_, bad) => {
  const { side, address } = await acceptor();
  await using b = side;
  const control = await impostor(address, "control", 1);
  const bulk = await impostor(address, "bulk", 1);
  await b.log.until("up a");
  bulk.channel.send(bad);
  await Promise.all([control.ended, bulk.ended, b.log.until("down a by us")]);
});

test(
  "newer links take the place of older ones, never the other way round",
  { timeout: timeoutMs },
  async () => {
    const { side, address } = await acceptor();
    await using b = side;
    const older = await impostor(address, "control", 2);
    await impostor(address, "bulk", 2);
    await b.log.until("up a");
    const newer = await impostor(address, "control", 3);
    await impostor(address, "bulk", 3);
    await Promise.all([older.ended, b.log.until("up a", 2)]);
    const late = await impostor(address, "control", 1);
    await late.ended;
    expect(newer.channel.isOpen).toBe(true);
    expect(b.peers.isUp("a")).toBe(true);
  },
);

test("strangers, and members that should be dialed, are refused", { timeout: timeoutMs }, async () => {
  const { side, address } = await acceptor();
  await using b = side;
  for (const id of ["nobody", "b", "z"]) {
    await expect(impostor(address, "control", 1, id)).rejects.toMatchObject({
      code: "ERR_FLOTILLA_BAD_CONFIG",
    });
  }
  expect(b.log.lines).not.toContain("up a");
});

test("a side that says nothing is cut off", { timeout: timeoutMs }, async () => {
  const { side, address } = await acceptor();
  await using b = side;
  b.keepWatch();
  const control = await impostor(address, "control", 1);
  await impostor(address, "bulk", 1);
  await b.log.until("up a");
  const { remote, reason } = await control.ended;
  expect(remote).toBe(true);
  expect(reason).toContain("silent");
});

test("a peer that is refused hears why, and may come back", { timeout: timeoutMs }, async () => {
  const { side, address } = await acceptor();
  await using b = side;
  const control = await impostor(address, "control", 1);
  const bulk = await impostor(address, "bulk", 1);
  await b.log.until("up a");
  b.peers.refuse("a", "beyond-log");
  for (const { reason } of await Promise.all([control.ended, bulk.ended]))
    expect(reason).toBe("refused: beyond-log");
  expect(b.log.lines).toEqual(["up a", "refused a: beyond-log", "down a by us"]);
  await using _a = dialer(address);
  await b.log.until("up a", 2);
});
