import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { createServer, request } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createConnection, createServer as createTcpServer, Socket } from "node:net";
import type { Channel, ChannelEnd, Listener } from "@flotilla/runtime";
import { parseAddress } from "@flotilla/runtime";
import { realNetwork } from "@flotilla/runtime/real/client";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { bytes, rejectsWith, text } from "../../src/conformance/expect.ts";
import { Recorder } from "../../src/conformance/recorder.ts";
import { bindError } from "../../src/real/bind.ts";

const network = realNetwork();
const limits = { protocols: ["test-1"], maxFrameBytes: 1000 };
const dialing = { protocol: "test-1", maxFrameBytes: 1000 };

interface Accepted {
  readonly listener: Listener;
  readonly channel: Promise<Channel>;
  readonly heard: Recorder;
}

async function listen(address = "127.0.0.1:0"): Promise<Accepted> {
  const heard = new Recorder();
  let accept: ((channel: Channel) => void) | undefined;
  const channel = new Promise<Channel>((resolve) => (accept = resolve));
  const listener = await network.listen({ address, ...limits }, (accepted) => {
    accepted.handle(heard);
    accept?.(accepted);
  });
  return { listener, channel, heard };
}

async function dial(address: string): Promise<{ channel: Channel; heard: Recorder }> {
  const heard = new Recorder();
  const channel = await network.dial(address, dialing);
  channel.handle(heard);
  return { channel, heard };
}

/** Trusts whoever sends a frame, and answers. */
function listenForProofs(maxChannels: number): Promise<Listener> {
  const options = { address: "127.0.0.1:0", ...limits, maxStrangerBytes: 1000, maxChannels };
  return network.listen(options, (channel) =>
    channel.handle({
      message: (frame) => {
        channel.trust?.();
        channel.send(frame);
      },
      end: () => {},
    }),
  );
}

/** Dials and is trusted. */
async function prove(address: string): Promise<{ channel: Channel; heard: Recorder }> {
  const dialed = await dial(address);
  dialed.channel.send(bytes("proof"));
  await dialed.heard.received(1);
  return dialed;
}

/** A server of another kind. */
async function serve(server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function rawSocket(address: string): Promise<Socket> {
  const { host, port } = parseAddress(address);
  const socket = createConnection(port, host);
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Where Linux lists the files that this process has open. */
const ownFiles = "/proc/self/fd";

/** At an address of another machine. */
function bindElsewhere(): Promise<unknown> {
  return network.datagrams("192.0.2.1:0", () => {});
}

describe("real network", () => {
  test("speaks IPv6 in brackets and resolves names", async () => {
    await using six = (await listen("[::1]:0")).listener;
    expect(six.address).toMatch(/^\[::1\]:\d+$/);
    const { channel } = await dial(six.address);
    expect(channel.isOpen).toBe(true);
    await using named = (await listen("localhost:0")).listener;
    const { port } = parseAddress(named.address);
    expect((await dial(`localhost:${port}`)).channel.isOpen).toBe(true);
  });

  test("an address that belongs to another machine cannot be listened on", async () => {
    await rejectsWith(listen("192.0.2.1:0"), "ERR_FLOTILLA_BAD_ADDRESS");
    await rejectsWith(bindElsewhere(), "ERR_FLOTILLA_BAD_ADDRESS");
  });

  test("an address that cannot be listened on is told with why, not as one that is written wrong", async () => {
    const listening = listen("192.0.2.1:0");
    await expect(listening).rejects.toThrow(/it is no address of this machine/);
    await expect(listening).rejects.toMatchObject({ hint: expect.stringMatching(/one of this machine/) });
    // As root may use every port, the system's refusal is made up.
    const refused = Object.assign(new Error("listen EACCES: permission denied"), { code: "EACCES" });
    expect(bindError("10.0.0.1:80", refused)).toMatchObject({
      message: expect.stringMatching(/^cannot listen on 10.0.0.1:80: this user may not/),
      hint: expect.stringMatching(/a port that this user may use/),
    });
  });

  test.runIf(existsSync(ownFiles))("what cannot be bound leaves no file open", async () => {
    await rejectsWith(bindElsewhere(), "ERR_FLOTILLA_BAD_ADDRESS");
    const before = readdirSync(ownFiles).length;
    for (let k = 0; k < 50; k += 1) await rejectsWith(bindElsewhere(), "ERR_FLOTILLA_BAD_ADDRESS");
    expect(readdirSync(ownFiles).length).toBeLessThan(before + 10);
  });

  test("connections that ask for nothing keep nobody out for long", async () => {
    let nowMs = 1000;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => nowMs);
    onTestFinished(() => clock.mockRestore());
    const options = { address: "127.0.0.1:0", ...limits, maxChannels: 10 };
    await using listener = await network.listen(options, (channel) => channel.handle(new Recorder()));
    const { channel } = await dial(listener.address);
    const silent = await Promise.all(Array.from({ length: 530 }, () => rawSocket(listener.address)));
    await rejectsWith(dial(listener.address), "ERR_FLOTILLA_UNREACHABLE");
    nowMs += 500;
    expect((await dial(listener.address)).channel.isOpen).toBe(true);
    expect(channel.isOpen).toBe(true);
    for (const socket of silent) socket.destroy();
  });

  test("channels that say nothing take nobody's place, and keep nobody out for long", async () => {
    let nowMs = 1000;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => nowMs);
    onTestFinished(() => clock.mockRestore());
    await using listener = await listenForProofs(2);
    const { channel } = await prove(listener.address);
    const silent = await Promise.all(Array.from({ length: 512 }, () => upgraded(listener.address)));
    await rejectsWith(dial(listener.address), "ERR_FLOTILLA_UNREACHABLE");
    nowMs += 500;
    expect((await prove(listener.address)).channel.isOpen).toBe(true);
    expect(channel.isOpen).toBe(true);
    // Two have the places that there are.
    nowMs += 500;
    await rejectsWith(dial(listener.address), "ERR_FLOTILLA_UNREACHABLE");
    for (const { socket } of silent) socket.destroy();
  });

  test("more that are through with their handshake than there are places are sent away", async () => {
    await using listener = await listenForProofs(1);
    const [first, second] = [await dial(listener.address), await dial(listener.address)];
    first.channel.send(bytes("proof"));
    await first.heard.received(1);
    second.channel.send(bytes("proof"));
    expect(await second.heard.ended()).toMatchObject({ remote: true, reason: "too many connections" });
    expect(first.channel.isOpen).toBe(true);
  });

  test("a text that is no address cannot be dialed", async () => {
    await rejectsWith(network.dial("nonsense", dialing), "ERR_FLOTILLA_BAD_ADDRESS");
  });

  test("a listener that never answers is unreachable after the dial's time, also when it drips bytes", async () => {
    for (const drip of [false, true]) {
      const sockets: Socket[] = [];
      const server = createTcpServer((socket) => {
        sockets.push(socket);
        socket.on("error", () => {});
        if (drip) socket.write("HTTP/1.1 101 Switching");
      });
      const address = await serve(server);
      // What is left of a longer time is no whole number.
      await expect(network.dial(address, { ...dialing, timeoutMs: 50.25 })).rejects.toMatchObject({
        code: "ERR_FLOTILLA_UNREACHABLE",
        message: `cannot reach ${address}: no answer within 50 ms`,
      });
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });

  test("a server of another kind is unreachable", async () => {
    const server = createServer((_request, response) => response.end("hello"));
    const address = await serve(server);
    await rejectsWith(network.dial(address, dialing), "ERR_FLOTILLA_UNREACHABLE");
    server.close();
  });

  test("plain requests are told to upgrade, and foreign upgrades are refused", async () => {
    const { listener } = await listen();
    const { host, port } = parseAddress(listener.address);
    const [plain] = (await once(request({ host, port, agent: false }).end(), "response")) as [
      { statusCode: number; resume(): void },
    ];
    plain.resume();
    expect(plain.statusCode).toBe(426);
    for (const protocols of [[], ["other"], ["other", "test-1"]]) {
      const ws = new WebSocket(`ws://${listener.address}`, protocols);
      const [error] = (await once(ws, "error").catch((thrown: unknown) => [thrown])) as [Error];
      expect(error.message).toMatch("400");
    }
    await listener.close();
  });

  test("a text frame ends the channel, on both sides", async () => {
    const { listener, heard } = await listen();
    const ws = new WebSocket(`ws://${listener.address}`, ["test-1"]);
    await once(ws, "open");
    ws.send(bytes("fine"));
    ws.send("text");
    ws.send(bytes("late"));
    const [code] = (await once(ws, "close")) as [number];
    expect(code).toBe(1003);
    expect(await heard.ended()).toMatchObject({ cause: "reset", remote: true });
    expect(heard.frames.map(text)).toEqual(["fine"]);
    await listener.close();
  });

  test("frames that break the framing end the channel as reset", async () => {
    const { listener, heard } = await listen();
    const { socket } = await upgraded(listener.address);
    socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
    expect(await heard.ended()).toMatchObject({ cause: "reset", remote: true });
    await listener.close();
  });

  test("the bytes of a frame are seen to come in before it is whole", async () => {
    const { listener, channel, heard } = await listen();
    const { socket } = await upgraded(listener.address);
    const { receivedBytes: before = 0 } = await channel;
    const received = async (): Promise<number> => ((await channel).receivedBytes ?? 0) - before;
    const frame = Buffer.concat([Buffer.from([0x82, 0x80 + 100, 0, 0, 0, 0]), Buffer.alloc(100)]);
    for (const end of [50, 106]) {
      socket.write(frame.subarray(await received(), end));
      await vi.waitUntil(async () => (await received()) === end);
    }
    await heard.received(1);
    expect(heard.frames).toEqual([new Uint8Array(100)]);
    socket.destroy();
    await listener.close();
  });

  test("a connection cut by the other side ends as remote, without a close frame", async () => {
    const ends: (ChannelEnd | undefined)[] = [];
    for (const cut of ["end", "resetAndDestroy"] as const) {
      const { listener, heard } = await listen();
      const { socket } = await upgraded(listener.address);
      socket[cut]();
      ends.push(await heard.ended());
      await listener.close();
    }
    expect(ends).toEqual([
      { cause: "closed", remote: true, reason: "" },
      { cause: "reset", remote: true, reason: "" },
    ]);
  });

  test("a killed process ends its channels as remote", { timeout: 60_000 }, async () => {
    const { listener, heard, channel } = await listen();
    const script = `
      const { WebSocket } = await import("ws");
      new WebSocket(process.argv[1], ["test-1"]).on("open", () => {});
    `;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, `ws://${listener.address}`], {
      cwd: import.meta.dirname,
    });
    await channel;
    child.kill("SIGKILL");
    expect((await heard.ended())?.remote).toBe(true);
    await listener.close();
  });

  test("a listener closes at once though connections have asked for nothing yet", async () => {
    const { listener } = await listen();
    const socket = await rawSocket(listener.address);
    const closed = once(socket, "close");
    await listener.close();
    await closed;
  });

  test("a flush hands over what is queued within the turn", async () => {
    const { listener, heard } = await listen();
    const { channel } = await dial(listener.address);
    const writes = vi.spyOn(Socket.prototype, "_write");
    channel.send(bytes("one"));
    channel.send(bytes("two"));
    channel.flush?.();
    expect(writes).toHaveBeenCalledTimes(1);
    channel.send(bytes("three"));
    expect(writes).toHaveBeenCalledTimes(1);
    await heard.received(3);
    expect(writes).toHaveBeenCalledTimes(2);
    writes.mockRestore();
    await listener.close();
  });

  test.each([
    { what: "a few frames", count: 5, write: "_write" },
    { what: "many frames", count: 100, write: "_writev" },
  ] as const)("$what sent in one turn leave in one write", async ({ count, write }) => {
    const { listener, heard } = await listen();
    const { channel } = await dial(listener.address);
    const writes = vi.spyOn(Socket.prototype, write);
    for (let i = 0; i < count; i++) channel.send(new Uint8Array(1000).fill(i));
    await heard.received(count);
    expect(writes).toHaveBeenCalledTimes(1);
    writes.mockRestore();
    await listener.close();
  });
});

async function upgraded(address: string): Promise<{ socket: Socket }> {
  const socket = await rawSocket(address);
  socket.write(
    `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${"A".repeat(22)}==\r\nSec-WebSocket-Protocol: test-1\r\n\r\n`,
  );
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString()).toMatch("101 Switching");
  return { socket };
}
