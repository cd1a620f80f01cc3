import { FlotillaError, formatAddress, parseAddress, type Prober } from "@flotilla/runtime";
import type { Check, FunctionCheck, Health, HttpCheck, TcpCheck, TtlCheck } from "./api.ts";
import { isHealth } from "./health.ts";
import type { InstanceFacts } from "./instance.ts";

/** A check that asks; the other kind is told. */
export type AskingCheck = Exclude<Check, TtlCheck>;

/** One question: rejects when it failed. Never resolves to `critical`. */
export type Question = (signal: AbortSignal) => Promise<Health>;

/** What a check asks of an instance. @throws FlotillaError `ERR_FLOTILLA_BAD_ARGUMENT` */
export function questionOf(check: AskingCheck, prober: Prober, facts: InstanceFacts): Question {
  if (isHttp(check)) return askHttp(check, prober, urlOf(check.http, facts));
  return isTcp(check) ? askTcp(check, prober) : askFunction(check);
}

/** A kind that is there as undefined is left out. */
function has(check: Check, kind: string): boolean {
  return Reflect.get(check, kind) !== undefined;
}

/** Whether it is told, and does not ask. */
export function isTold(check: Check): check is TtlCheck {
  return has(check, "ttlMs");
}

function isHttp(check: AskingCheck): check is HttpCheck {
  return has(check, "http");
}

function isTcp(check: AskingCheck): check is TcpCheck {
  return has(check, "tcp");
}

function urlOf(http: string, { address, port }: InstanceFacts): string {
  const isPath = http.startsWith("/");
  if (isPath && port === null) throw unexpected("http", "a URL, or a path together with a port", http);
  const url = isPath ? `http://${formatAddress({ host: address, port: port ?? 0 })}${http}` : http;
  const protocol = URL.canParse(url) ? new URL(url).protocol : "";
  if (protocol === "http:" || protocol === "https:") return url;
  throw unexpected("http", "a URL such as http://localhost:8080/health, or a path", url);
}

function unexpected(kind: string, expected: string, found: string): FlotillaError {
  const message = `check.${kind}: expected ${expected}, found ${JSON.stringify(found.slice(0, 100))}`;
  return new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", message);
}

function askHttp({ expect }: HttpCheck, prober: Prober, url: string): Question {
  return async (signal) => {
    const status = await prober.http(url, signal);
    const passes = expect === undefined ? status >= 200 && status < 300 : status === expect;
    if (passes) return "passing";
    if (expect === undefined && status === 429) return "warning";
    throw new FlotillaError("ERR_FLOTILLA_CONDITION", `${url} answered with status ${status}`);
  };
}

function askTcp({ tcp }: TcpCheck, prober: Prober): Question {
  if (!isConnectable(tcp)) throw unexpected("tcp", "host:port", tcp);
  return async (signal) => {
    await prober.tcp(tcp, signal);
    return "passing";
  };
}

function isConnectable(address: string): boolean {
  try {
    return parseAddress(address).port > 0;
  } catch {
    return false;
  }
}

function askFunction(check: FunctionCheck): Question {
  return async (signal) => {
    const answer: unknown = (await check.run(signal)) ?? "passing";
    if (answer === "critical") throw new FlotillaError("ERR_FLOTILLA_CONDITION", "the check said critical");
    if (isHealth(answer)) return answer;
    throw new FlotillaError("ERR_FLOTILLA_BAD_VALUE", `the check returned no health but a ${typeof answer}`);
  };
}
