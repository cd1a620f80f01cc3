import { FlotillaError, formatAddress, type Prober } from "@flotilla/runtime";
import type { Check, FunctionCheck, Health, HttpCheck, TcpCheck, TtlCheck } from "./api.ts";
import type { InstanceFacts } from "./instance.ts";

/** A check that asks; the other kind is told. */
export type AskingCheck = Exclude<Check, TtlCheck>;

/** One question: rejects when it failed. */
export type Question = (signal: AbortSignal) => Promise<Health>;

/** What a check asks of an instance. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function questionOf(check: AskingCheck, prober: Prober, facts: InstanceFacts): Question {
  if ("http" in check) return askHttp(check, prober, urlOf(check.http, facts));
  return "tcp" in check ? askTcp(check, prober) : askFunction(check);
}

function urlOf(http: string, { address, port }: InstanceFacts): string {
  if (!http.startsWith("/")) return http;
  if (port !== null) return `http://${formatAddress({ host: address, port })}${http}`;
  const message = "check.http: expected a URL, or a path together with a port";
  throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
}

function askHttp({ expect }: HttpCheck, prober: Prober, url: string): Question {
  return async (signal) => {
    const status = await prober.http(url, signal);
    if (expect !== undefined) return status === expect ? "passing" : "critical";
    if (status === 429) return "warning";
    return status >= 200 && status < 300 ? "passing" : "critical";
  };
}

function askTcp({ tcp }: TcpCheck, prober: Prober): Question {
  return async (signal) => {
    await prober.tcp(tcp, signal);
    return "passing";
  };
}

function askFunction({ run }: FunctionCheck): Question {
  return async (signal) => (await run(signal)) ?? "passing";
}
