import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { FlotillaError, formatAddress, parseAddress } from "@flotilla/runtime";
import type { AdminPages, Page } from "./pages.ts";

/** Scrapers and probes, at most at a time. */
const maxConnections = 64;
const maxHeaderBytes = 8_192;
/** Of a request, from its first byte to its last, ms. */
const requestMs = 5_000;
const idleMs = 5_000;
/** From the head of a request until its answer has gone out, ms. */
const answerMs = 5_000;
/** Open connections that are busy when it closes get so long, ms. */
const closeMs = 1_000;

export interface AdminListenerOptions {
  /** Who has not taken an answer so long after asking for it is cut off, ms. Default 5,000. */
  readonly answerMs?: number;
  /** Default 64. */
  readonly maxConnections?: number;
}

/** Answers probes and scrapers over HTTP. */
export interface AdminListener extends AsyncDisposable {
  /** The bound `host:port`. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Serves pages over plain HTTP to whoever reaches the address: GET and HEAD only, no bodies, at most 64 connections, one
 * request at a time on each.
 * @throws FlotillaError `ERR_FLOTILLA_BAD_ADDRESS`, `ERR_FLOTILLA_ADDRESS_IN_USE`
 */
export async function listenForAdmins(
  address: string,
  pages: AdminPages,
  options: AdminListenerOptions = {},
): Promise<AdminListener> {
  const turns = new Turns(options.answerMs ?? answerMs);
  const server = createServer(
    {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: requestMs,
      requestTimeout: requestMs,
      keepAliveTimeout: idleMs,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      if (turns.take(request, response)) void serve(pages, request, response);
    },
  );
  server.maxConnections = options.maxConnections ?? maxConnections;
  await bind(server, address);
  // What ails it must not end the member.
  server.on("error", () => {});
  const bound = server.address();
  if (typeof bound !== "object" || bound === null)
    throw new FlotillaError("ERR_FLOTILLA_INTERNAL", "the admin listener is bound to no address");
  const close = (): Promise<void> => closeInTime(server);
  return {
    address: formatAddress({ host: bound.address, port: bound.port }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/**
 * One request at a time on a connection, and each in its time: a burst of them would be answered in one turn of the event
 * loop, which the member shares, and a connection whose answer nobody reads would stay for ever.
 */
class Turns {
  readonly #answerMs: number;
  readonly #busy = new WeakSet<Socket>();

  constructor(ms: number) {
    this.#answerMs = ms;
  }

  /** False when the connection is cut off instead. */
  take({ socket }: IncomingMessage, response: ServerResponse): boolean {
    if (socket.destroyed || this.#busy.has(socket)) {
      socket.destroy();
      return false;
    }
    this.#busy.add(socket);
    const timer = setTimeout(() => socket.destroy(), this.#answerMs);
    response.once("close", () => {
      clearTimeout(timer);
      this.#busy.delete(socket);
    });
    return true;
  }
}

async function bind(server: Server, address: string): Promise<void> {
  const { host, port } = parseAddress(address);
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, "listening");
  } catch (cause) {
    const inUse = cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE";
    const code = inUse ? "ERR_FLOTILLA_ADDRESS_IN_USE" : "ERR_FLOTILLA_BAD_ADDRESS";
    throw new FlotillaError(code, `cannot listen for admins on ${address}`, { cause });
  }
}

async function closeInTime(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), closeMs);
  await closed;
  clearTimeout(timer);
}

async function serve(pages: AdminPages, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const refusal = refusalOf(request);
  if (refusal !== null) {
    response.setHeader("connection", "close");
    answer(response, refusal);
    return;
  }
  const [path] = (request.url ?? "").split("?", 1);
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  try {
    answer(response, await pages.page(path ?? "", gone.signal));
  } catch {
    // Nobody waits for it any more, or it cannot be told; a probe takes both for a no.
    answer(response, { status: 500, type: "text/plain; charset=utf-8", text: "it could not be told\n" });
  }
}

function refusalOf({ method, headers }: IncomingMessage): Page | null {
  const type = "text/plain; charset=utf-8";
  if (method !== "GET" && method !== "HEAD") return { status: 405, type, text: "GET or HEAD\n" };
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0;
  return hasBody ? { status: 413, type, text: "no body, please\n" } : null;
}

/** Node leaves out the text of an answer to HEAD by itself. */
function answer(response: ServerResponse, { status, type, text }: Page): void {
  if (response.headersSent || response.destroyed) return;
  if (status === 405) response.setHeader("allow", "GET, HEAD");
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(text);
}
