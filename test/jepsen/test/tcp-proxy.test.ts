import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { expect, test } from "vitest";
import { TcpProxy } from "../src/processes/tcp-proxy.ts";

/** A dialer, whom it reaches through a proxy, and the proxy. */
async function line(): Promise<{ dialer: Socket; target: Socket; proxy: TcpProxy } & AsyncDisposable> {
  const server = createServer();
  server.listen({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const proxy = await TcpProxy.open((server.address() as AddressInfo).port);
  const dialer = connect({ host: "127.0.0.1", port: proxy.port });
  const [target] = (await once(server, "connection")) as [Socket];
  for (const socket of [dialer, target]) socket.on("error", () => {});
  return {
    dialer,
    target,
    proxy,
    async [Symbol.asyncDispose]() {
      dialer.destroy();
      target.destroy();
      await proxy[Symbol.asyncDispose]();
      server.close();
    },
  };
}

async function next(socket: Socket): Promise<string> {
  const [bytes] = (await once(socket, "data")) as [Buffer];
  return bytes.toString();
}

/** Resolves once it is closed, also by an error. */
function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

test("what was sent during a cut arrives once it heals, and the other way is free meanwhile", async () => {
  await using link = await line();
  link.proxy.cut("forth");
  let early = "";
  link.target.on("data", (bytes) => (early += String(bytes)));
  link.dialer.write("there");
  const answer = next(link.dialer);
  link.target.write("back");
  expect(await answer).toBe("back");
  expect(early).toBe("");
  const arrived = next(link.target);
  link.proxy.heal();
  expect(await arrived).toBe("there");
});

test("bytes that are held up keep their order when the delay ends", async () => {
  await using link = await line();
  link.proxy.set("forth", { delayMs: 200 });
  let arrived = "";
  link.target.on("data", (bytes) => (arrived += String(bytes)));
  link.dialer.write("first");
  const answer = next(link.dialer);
  link.target.write("go");
  await answer;
  link.proxy.heal();
  link.dialer.write("second");
  while (arrived.length < 11) await once(link.target, "data");
  expect(arrived).toBe("firstsecond");
});

test("a connection breaks off in the midst of what comes next", async () => {
  await using link = await line();
  link.proxy.breakOff();
  let arrived = "";
  link.target.on("data", (bytes) => (arrived += String(bytes)));
  const closed = closing(link.target);
  link.dialer.write("12345678");
  await closed;
  expect("12345678".startsWith(arrived)).toBe(true);
  expect(arrived.length).toBeLessThan(8);
});

test("a reset ends what stands, a refusal also what comes", async () => {
  await using link = await line();
  const closed = closing(link.dialer);
  link.proxy.reset();
  await closed;
  link.proxy.refuse();
  const again = connect({ host: "127.0.0.1", port: link.proxy.port });
  again.on("error", () => {});
  await closing(again);
  expect(link.proxy.connections).toBe(0);
});

test("of a connection that is closed at one end, the other end stands and is not heard", async () => {
  await using link = await line();
  let heard = "";
  link.dialer.on("data", (bytes) => (heard += String(bytes)));
  const closed = closing(link.dialer);
  link.proxy.close("dialer");
  await closed;
  link.target.write("lost");
  await new Promise<void>((resolve) => link.target.write("lost, too", () => resolve()));
  expect(link.target.destroyed).toBe(false);
  expect(heard).toBe("");
  const ended = closing(link.target);
  link.proxy.resetOrphans();
  await ended;
});
