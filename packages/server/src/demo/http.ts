import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { FlotillaError } from "@flotilla/runtime";

const maxBodyBytes = 16_777_216;

export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/** Answers a POST; what it throws becomes a 500. */
export type Handler = (path: string, body: unknown) => Promise<Reply>;

/** A small JSON server on loopback. */
export interface JsonServer {
  readonly address: string;
  close(): void;
}

/** Serves POST requests with JSON bodies on a free port. */
export async function serveJson(handler: Handler): Promise<JsonServer> {
  const server = createServer((incoming, response) => void respond(handler, incoming, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    address: `127.0.0.1:${portOf(server)}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address.port;
}

async function respond(handler: Handler, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, body } = await reply(handler, incoming);
  response.writeHead(status, { "content-type": "application/json", connection: "close" });
  response.end(JSON.stringify(body));
}

async function reply(handler: Handler, incoming: IncomingMessage): Promise<Reply> {
  try {
    if (incoming.method !== "POST") return { status: 405, body: { error: "POST only" } };
    return await handler(incoming.url ?? "/", await readJson(incoming));
  } catch (error) {
    const status = FlotillaError.is(error, "ERR_FLOTILLA_BAD_ARGUMENT") ? 400 : 500;
    return { status, body: { error: error instanceof Error ? error.message : String(error) } };
  }
}

async function readJson(stream: IncomingMessage): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array)) throw badBody("expected bytes");
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw badBody(`more than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw badBody("not JSON");
  }
}

function badBody(why: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", `bad body: ${why}`);
}

/**
 * Sends one JSON body over a connection of its own: a kept one may be dead without saying so.
 * Rejects when there is no whole answer within `timeoutMs` or the signal fires.
 */
export async function postJson(
  address: string,
  path: string,
  body: unknown,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<Reply> {
  const { timeoutMs, signal } = options;
  const text = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const [host, port] = address.split(":");
    const outgoing = request({
      host,
      port,
      path,
      method: "POST",
      agent: false,
      headers: { "content-type": "application/json", "content-length": Buffer.byteLength(text) },
      ...(signal === undefined ? {} : { signal }),
    });
    const deadline = setTimeout(
      () => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    const fail = (error: unknown): void => {
      clearTimeout(deadline);
      reject(error);
    };
    outgoing.on("error", fail);
    outgoing.on("response", (incoming) => {
      readJson(incoming).then((answer) => {
        clearTimeout(deadline);
        resolve({ status: incoming.statusCode ?? 0, body: answer });
      }, fail);
    });
    outgoing.end(text);
  });
}
