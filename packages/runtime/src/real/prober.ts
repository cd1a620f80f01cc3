import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { connect } from "node:net";
import { parseAddress } from "../address.ts";
import { FlotillaError } from "../errors.ts";
import { wordsOf } from "./error-like.ts";
import type { Prober } from "../prober.ts";
import { lookupOnce } from "./lookup.ts";

function unreachable(what: string, cause: Error): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_UNREACHABLE", `${what} does not answer: ${wordsOf(cause)}`, {
    cause,
  });
}

/** @throws FlotillaError `ERR_FLOTILLA_BAD_ADDRESS` */
function webAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url;
  throw new FlotillaError("ERR_FLOTILLA_BAD_ADDRESS", `not an http address: ${text.slice(0, 100)}`);
}

async function http(text: string, signal: AbortSignal): Promise<number> {
  const url = webAddress(text);
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    // A connection of its own: one that is kept would tell of the past.
    const headers = { connection: "close" };
    const asked = request(url, { agent: false, signal, headers, lookup: lookupOnce });
    asked.on("response", (response) => {
      resolve(response.statusCode ?? 0);
      asked.destroy();
    });
    // An answer too; with it the connection is no longer the request's.
    asked.on("upgrade", (response, socket) => {
      resolve(response.statusCode ?? 0);
      socket.destroy();
    });
    asked.on("error", (cause) => reject(signal.aborted ? signal.reason : unreachable(text, cause)));
    asked.end();
  });
}

async function tcp(address: string, signal: AbortSignal): Promise<void> {
  const { host, port } = parseAddress(address);
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect({ host, port, signal, lookup: lookupOnce });
    socket.on("connect", () => {
      resolve();
      socket.destroy();
    });
    socket.on("error", (cause) => reject(signal.aborted ? signal.reason : unreachable(address, cause)));
  });
}

/** Asks over the system's network. */
export function realProber(): Prober {
  return { http, tcp };
}
