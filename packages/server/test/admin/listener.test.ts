import { once } from "node:events";
import { connect } from "node:net";
import { Agent, IncomingMessage, request } from "node:http";
import type { NodeHealth } from "@flotilla/coord";
import { prometheusText } from "@flotilla/coord";
import { FlotillaError } from "@flotilla/runtime";
import { expect, onTestFinished, test } from "vitest";
import { type AdminListener, type AdminListenerOptions, listenForAdmins } from "../../src/admin/listener.ts";
import { AdminPages, notServing, type Subject } from "../../src/admin/pages.ts";
import { ProcessMeter } from "../../src/admin/process-metrics.ts";

const good: NodeHealth = { live: true, ready: true, problems: [] };

async function listener(
  subject: Partial<Subject> = {},
  options: AdminListenerOptions = {},
): Promise<AdminListener & { pages: AdminPages }> {
  const meter = new ProcessMeter();
  const pages = new AdminPages({
    render: prometheusText,
    process: () => meter.read(),
    subject: { liveness: () => good, health: async () => good, metrics: () => [], ...subject },
  });
  const listening = await listenForAdmins("127.0.0.1:0", pages, options);
  onTestFinished(async () => {
    meter[Symbol.dispose]();
    await listening.close();
  });
  return { ...listening, pages };
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function ask({ address }: AdminListener, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`http://${address}${path}`, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Everything that comes back for these bytes until the other side ends it. */
async function raw({ address }: AdminListener, bytes: string): Promise<string> {
  const socket = connect(Number(address.split(":")[1]), "127.0.0.1");
  let text = "";
  socket.setEncoding("latin1").on("data", (more: string) => (text += more));
  socket.on("error", () => {});
  socket.write(bytes);
  await once(socket, "close");
  return text;
}

test("answers probes by what the subject says, with the reasons", async () => {
  const admins = await listener();
  expect(await ask(admins, "/livez")).toMatchObject({ status: 200, text: "ok\n" });
  expect(await ask(admins, "/readyz?verbose")).toMatchObject({ status: 200, text: "ok\n" });
  admins.pages.show(notServing("it is starting"));
  expect(await ask(admins, "/livez")).toMatchObject({ status: 200, text: "ok\n" });
  expect(await ask(admins, "/readyz")).toMatchObject({ status: 503, text: "it is starting\n" });
  const dead: NodeHealth = { live: false, ready: false, problems: ["a", "b"] };
  admins.pages.show({ liveness: () => dead, health: async () => dead, metrics: () => [] });
  expect(await ask(admins, "/livez")).toMatchObject({ status: 503, text: "a\nb\n" });
  expect(await ask(admins, "/readyz")).toMatchObject({ status: 503, text: "a\nb\n" });
});

test("tells that it is alive while readiness is still being asked for", async () => {
  const admins = await listener({ health: () => new Promise(() => {}) });
  expect(await ask(admins, "/livez")).toMatchObject({ status: 200, text: "ok\n" });
});

test("gives metrics as text, those of the process among them", async () => {
  const samples = [{ labels: {}, value: 7 }];
  const admins = await listener({ metrics: () => [{ name: "x", help: "X.", type: "gauge", samples }] });
  const { status, headers, text } = await ask(admins, "/metrics");
  expect(status).toBe(200);
  expect(headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(text).toMatch(/^x 7$/m);
  for (const name of [
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "nodejs_heap_size_used_bytes",
    "nodejs_eventloop_stall_seconds",
  ])
    expect(text).toMatch(new RegExp(`^${name} [0-9.e+-]+$`, "m"));
});

test("answers HEAD without a text, and nothing but its pages", async () => {
  const admins = await listener();
  const head = await ask(admins, "/livez", { method: "HEAD" });
  expect([head.status, head.headers.get("content-length"), head.text]).toEqual([200, "3", ""]);
  for (const path of ["/", "/metrics/", "/livez/..%2f", "//", "/%00"])
    expect((await ask(admins, path)).status).toBe(404);
});

test.each(["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])("refuses %s", async (method) => {
  const admins = await listener();
  const answer = await ask(admins, "/livez", { method });
  expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  expect(answer.headers.get("connection")).toBe("close");
});

test("takes no body, no endless head, and nothing that is no HTTP", async () => {
  const admins = await listener();
  const head = "GET /livez HTTP/1.1\r\nhost: a\r\n";
  expect(await raw(admins, `${head}content-length: 5\r\n\r\nhello`)).toMatch(/^HTTP\/1\.1 413 /);
  expect(await raw(admins, `${head}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`)).toMatch(
    /^HTTP\/1\.1 413 /,
  );
  expect(await raw(admins, `${head}x: ${"y".repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
  expect(await raw(admins, "\u0016\u0003\u0001 no HTTP\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
  expect(await raw(admins, `${head}upgrade: websocket\r\nconnection: upgrade, close\r\n\r\n`)).toMatch(
    /^HTTP\/1\.1 200 /,
  );
  expect(await raw(admins, "CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n")).toBe("");
});

test("turns away whoever comes when it is full, and goes on", async () => {
  const admins = await listener();
  const port = Number(admins.address.split(":")[1]);
  const sockets = Array.from({ length: 64 }, () => connect(port, "127.0.0.1"));
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  const beyond = connect(port, "127.0.0.1").on("error", () => {});
  await once(beyond, "close");
  for (const socket of sockets) socket.destroy();
  let answer: Answer | null = null;
  while (answer === null) answer = await ask(admins, "/livez").catch(() => null);
  expect(answer.status).toBe(200);
});

test("cuts off who asks for many pages at once, and makes one of them at most", async () => {
  const made = { count: 0 };
  const admins = await listener({
    metrics: () => {
      made.count += 1;
      return [];
    },
  });
  await raw(admins, "GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n".repeat(1_000));
  expect(made.count).toBeLessThanOrEqual(1);
  expect((await ask(admins, "/livez")).status).toBe(200);
});

test("answers one request after the other on a connection, whatever the size of the answers", async () => {
  const help = "x".repeat(4_000_000);
  const admins = await listener({ metrics: () => [{ name: "x", help, type: "gauge", samples: [] }] });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const ports = new Set<number | undefined>();
  for (const path of ["/metrics", "/livez", "/readyz", "/metrics", "/livez"]) {
    const going = request(`http://${admins.address}${path}`, { agent }).end();
    const answer: unknown = (await once(going, "response"))[0];
    if (!(answer instanceof IncomingMessage)) throw new Error("no answer");
    expect(answer.statusCode).toBe(200);
    ports.add(answer.socket.localPort);
    for await (const _ of answer);
  }
  expect(ports.size).toBe(1);
});

test("lets go of connections whose answers nobody reads", async () => {
  const help = "x".repeat(16_000_000);
  const metrics: Subject["metrics"] = () => [{ name: "x", help, type: "gauge", samples: [] }];
  const admins = await listener({ metrics }, { answerMs: 200, maxConnections: 1 });
  const socket = connect(Number(admins.address.split(":")[1]), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {}).pause();
  socket.write("GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n");
  await once(socket, "readable");
  let answer: Answer | null = null;
  while (answer === null) answer = await ask(admins, "/livez").catch(() => null);
  expect(answer.status).toBe(200);
});

test("tells the subject when nobody waits any more, and answers 500 when it throws", async () => {
  const asked: AbortSignal[] = [];
  const { promise, call } = called();
  const admins = await listener({
    health: ({ signal }) => {
      asked.push(signal);
      call();
      return new Promise(() => {});
    },
    metrics: () => {
      throw new Error("no");
    },
  });
  const going = request(`http://${admins.address}/readyz`).on("error", () => {});
  going.end();
  await promise;
  going.destroy();
  await new Promise<void>((done) => asked[0]?.addEventListener("abort", () => done()));
  expect((await ask(admins, "/metrics")).status).toBe(500);
});

/** Resolves once it was called. */
function called(): { readonly promise: Promise<void>; readonly call: () => void } {
  const calls = new EventTarget();
  const promise = new Promise<void>((resolve) => calls.addEventListener("call", () => resolve()));
  return { promise, call: () => void calls.dispatchEvent(new Event("call")) };
}

test("closes although a request is under way, and says when a port is taken", async () => {
  const { promise, call } = called();
  const admins = await listener({
    health: () => {
      call();
      return new Promise(() => {});
    },
  });
  const taken = await listenForAdmins(admins.address, admins.pages).catch((error: unknown) => error);
  expect(FlotillaError.is(taken, "ERR_FLOTILLA_ADDRESS_IN_USE")).toBe(true);
  const asking = ask(admins, "/readyz").catch(() => "cut off");
  await promise;
  await admins.close();
  expect(await asking).toBe("cut off");
});
