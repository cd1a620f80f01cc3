import dns from "node:dns";
import { createServer } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { parseAddress } from "@flotilla/runtime";
import { expect, onTestFinished, test, vi } from "vitest";
import { realProber } from "../../src/real/prober.ts";

const { signal } = new AbortController();
const prober = realProber();

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return `127.0.0.1:${port}`;
}

test("tells the status of an answer, whatever its body and wherever it points", async () => {
  const server = createServer((request, response) => {
    const status = Number(request.url?.slice(1));
    response.writeHead(status, { location: "/200" });
    response.end("x".repeat(1_000_000));
  });
  const address = await listening(server);
  for (const status of [200, 204, 302, 429, 503])
    expect(await prober.http(`http://${address}/${status}`, signal)).toBe(status);
});

test("a change of protocol is an answer, with its status, and its connection is not kept", async () => {
  const server = createTcpServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () =>
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"),
    );
  });
  const address = await listening(server);
  const controller = new AbortController();
  const asked = prober.http(`http://${address}/`, controller.signal);
  // So that it fails, and does not hang, where it is not heard of.
  setTimeout(() => controller.abort(new Error("no answer")), 5_000).unref();
  expect(await asked).toBe(101);
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

test("tells whether a port takes connections, and keeps none", async () => {
  const server = createTcpServer((socket) => {
    socket.on("error", () => {});
    socket.resume();
  });
  const address = await listening(server);
  await prober.tcp(address, signal);
  // Which it does once every connection has ended.
  await new Promise<void>((resolve) => server.close(() => resolve()));
  await expect(prober.tcp(address, signal)).rejects.toMatchObject({ code: "ERR_FLOTILLA_UNREACHABLE" });
  await expect(prober.http(`http://${address}/`, signal)).rejects.toMatchObject({
    code: "ERR_FLOTILLA_UNREACHABLE",
  });
});

test("what is never answered ends by the signal, with its reason", async () => {
  const address = await listening(createServer(() => {}));
  const controller = new AbortController();
  const asked = prober.http(`http://${address}/`, controller.signal);
  const reason = new Error("enough");
  setImmediate(() => controller.abort(reason));
  await expect(asked).rejects.toBe(reason);
  await expect(prober.tcp(address, AbortSignal.abort("before"))).rejects.toBe("before");
});

test("addresses are checked", async () => {
  for (const url of ["", "ftp://x/", "/path", "http://"])
    await expect(prober.http(url, signal)).rejects.toMatchObject({ code: "ERR_FLOTILLA_BAD_ADDRESS" });
  await expect(prober.tcp("x", signal)).rejects.toMatchObject({ code: "ERR_FLOTILLA_BAD_ADDRESS" });
});

test("of a name with several addresses it is told why each of them does not answer", async () => {
  const server = createServer();
  const { port } = parseAddress(await listening(server));
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  const both = [
    { address: "127.0.0.2", family: 4 },
    { address: "127.0.0.1", family: 4 },
  ];
  const answer = (_host: string, _options: object, done: (error: null, found: typeof both) => void): void =>
    void setImmediate(() => done(null, both));
  const lookup = vi.spyOn(dns, "lookup").mockImplementation(answer as typeof dns.lookup);
  onTestFinished(() => lookup.mockRestore());
  const refused = `connect ECONNREFUSED 127.0.0.2:${port}; connect ECONNREFUSED 127.0.0.1:${port}`;
  const message = expect.stringContaining(refused);
  await expect(prober.http(`http://both.test:${port}/`, signal)).rejects.toMatchObject({ message });
  await expect(prober.tcp(`both.test:${port}`, signal)).rejects.toMatchObject({ message });
});
