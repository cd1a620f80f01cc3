import type { AddressInfo } from "node:net";
import type { Http2Server } from "node:http2";
import { createServer } from "node:http2";
import { afterEach, expect, test } from "vitest";
import { GrpcConnection } from "../src/clients/grpc-connection.ts";

const servers: Http2Server[] = [];
const connections: GrpcConnection[] = [];

afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close()));
  await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
});

/** Answers each call with its own message, unless `status` says no. */
async function echoServer(status: string): Promise<{ readonly port: number; readonly paths: string[] }> {
  const paths: string[] = [];
  const server = createServer();
  server.on("stream", (stream, headers) => {
    paths.push(
      `${String(headers[":method"])} ${String(headers[":path"])} ${String(headers["content-type"])}`,
    );
    if (status !== "0") {
      stream.respond(
        { ":status": 200, "content-type": "application/grpc", "grpc-status": status },
        { endStream: true },
      );
      return;
    }
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": status }));
      stream.end(Buffer.concat(chunks));
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  servers.push(server);
  return { port: (server.address() as AddressInfo).port, paths };
}

async function open(port: number): Promise<GrpcConnection> {
  const connection = await GrpcConnection.open(port);
  connections.push(connection);
  return connection;
}

test("a call brings back its own answer among many", async () => {
  const { port, paths } = await echoServer("0");
  const connection = await open(port);
  const sent = Array.from({ length: 50 }, (_, k) => Buffer.alloc(k * 10, k));
  const received = await Promise.all(sent.map((bytes) => connection.call("/some.Service/Echo", bytes)));
  expect(received.map((bytes) => bytes.toString("hex"))).toEqual(sent.map((bytes) => bytes.toString("hex")));
  expect(new Set(paths)).toEqual(new Set(["POST /some.Service/Echo application/grpc"]));
});

test("many calls fit through the windows of both sides", async () => {
  const { port } = await echoServer("0");
  const connection = await open(port);
  const bytes = Buffer.alloc(10_000, 7);
  for (let k = 0; k < 100; k += 1) {
    expect((await connection.call("/some.Service/Echo", bytes)).length).toBe(bytes.length);
  }
});

test("a refused call is an error", async () => {
  const { port } = await echoServer("14");
  const connection = await open(port);
  await expect(connection.call("/some.Service/Echo", new Uint8Array(3))).rejects.toThrow(/refused/);
});

test("a closed connection fails what is under way", async () => {
  const { port } = await echoServer("0");
  const connection = await open(port);
  const call = connection.call("/some.Service/Echo", new Uint8Array(3));
  await Promise.all([expect(call).rejects.toThrow(/closed/), connection.close()]);
});

/** What comes back on a stream, and how it ends. */
async function streamed(
  port: number,
  send: readonly Uint8Array[],
): Promise<{ readonly messages: readonly number[]; readonly end: string }> {
  const connection = await open(port);
  const messages: number[] = [];
  return new Promise((done) => {
    const onEnd = ({ message: end }: Error): void => done({ messages, end });
    const stream = connection.stream("/some.Service/Watch", {
      onMessage: (bytes) => messages.push(bytes.length),
      onEnd,
    });
    for (const each of send) stream.send(each);
  });
}

/** Sends every byte back at once, in pieces of three, and ends after so many. */
async function streamServer(endAfterBytes: number): Promise<number> {
  const server = createServer();
  server.on("stream", (stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" });
    let sent = 0;
    stream.on("data", (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += 3) stream.write(chunk.subarray(at, at + 3));
      sent += chunk.length;
      if (sent >= endAfterBytes) stream.end();
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  servers.push(server);
  return (server.address() as AddressInfo).port;
}

test("messages of a stream come whole, however they are cut, until the server ends it", async () => {
  const port = await streamServer(5 + 7 + 5 + 0 + 5 + 20);
  const answer = await streamed(port, [new Uint8Array(7), new Uint8Array(), new Uint8Array(20)]);
  expect(answer).toEqual({ messages: [7, 0, 20], end: "the server ended /some.Service/Watch" });
});

test("a stream ends with its connection, and a failed connection begins nothing more", async () => {
  const port = await streamServer(Number.POSITIVE_INFINITY);
  const connection = await open(port);
  const end = new Promise<Error>((done) => {
    connection.stream("/some.Service/Watch", { onMessage: () => {}, onEnd: done });
  });
  await connection.close();
  expect((await end).message).toMatch(/closed/);
  await expect(connection.call("/some.Service/Echo", new Uint8Array())).rejects.toThrow(/closed/);
});

test("more than the server's window waits for it", async () => {
  const { port } = await echoServer("0");
  const connection = await open(port);
  const calls = Array.from({ length: 40 }, () => connection.call("/some.Service/Echo", Buffer.alloc(9_000)));
  expect((await Promise.all(calls)).every(({ length }) => length === 9_000)).toBe(true);
});
