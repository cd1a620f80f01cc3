import type { BudgetExcess, BudgetKind, Result } from "@flotilla/kv";
import { limits } from "@flotilla/kv";
import type { ErrorCode } from "@flotilla/runtime";
import { errorCodes, FlotillaError } from "@flotilla/runtime";
import type { Answer } from "../wire/messages.ts";
import type { Added, MultiResult, Written } from "./api.ts";

/** A request that was applied. */
export type Success = Extract<Result, { ok: true }>;

function misfit(what: string): FlotillaError {
  return new FlotillaError("ERR_FLOTILLA_INTERNAL", `the server answered with something else than ${what}`);
}

/**
 * The answer, when it is of this type.
 * @throws FlotillaError `ERR_FLOTILLA_INTERNAL`
 */
export function expect<T extends Answer["type"]>(answer: Answer, type: T): Extract<Answer, { type: T }> {
  if (!isOf(answer, type)) throw misfit(type);
  return answer;
}

function isOf<T extends Answer["type"]>(answer: Answer, type: T): answer is Extract<Answer, { type: T }> {
  return answer.type === type;
}

/** What the one changed node became: the last op of the request. */
export function written(result: Success): Written {
  const last = result.results.at(-1);
  if (last === undefined || !last.ok || last.stat === null) throw misfit("a changed node");
  return { path: last.path, stat: last.stat, revision: result.revision };
}

/** What the one node that was added to became. */
export function added(result: Success): Added {
  const last = result.results.at(-1);
  if (last === undefined || !last.ok || last.sum === undefined) throw misfit("a sum");
  return { ...written(result), sum: last.sum };
}

/** What a multi did, one by one. */
export function multiResult(result: Success): MultiResult {
  const results = result.results.map((one) => {
    if (!one.ok) throw misfit("what each op did");
    const { path, stat, sum } = one;
    return sum === undefined ? { path, stat } : { path, stat, sum };
  });
  return { revision: result.revision, branch: result.branch ?? "then", results };
}

/** The limit in the way, by the verb of the call. */
const limitsOf: Readonly<Record<string, string>> = {
  add: "a number is an integer between -(2^53 - 1) and 2^53 - 1",
  create: `a session owns at most ${limits.nodesPerCommand} ephemeral nodes`,
  delete: `one command deletes at most ${limits.nodesPerCommand} nodes; deletePaged takes any number`,
  multi: `one command touches, and a session owns, at most ${limits.nodesPerCommand} nodes; a sum is a safe integer`,
};

/** What a bound is of, for people. */
const units: Readonly<Record<BudgetKind, string>> = {
  nodes: "nodes",
  bytes: "bytes of values",
  children: "children of a node",
  leases: "leases",
  rate: "creations and sets a second",
  watches: "watches at a server",
};

function beyond({ path, kind, limit, wanted }: BudgetExcess): string {
  const hint = kind === "rate" ? "wait a moment" : "remove some";
  return `the budget of ${path} allows ${limit} ${units[kind]}, and this would make ${wanted}: ${hint}, or have it raised`;
}

/** The error of a watch that a budget has no room for. */
export function watchRefusal(excess: BudgetExcess, path: string | null): FlotillaError {
  const what = path === null ? "watch" : `watch ${path}`;
  return new FlotillaError("ERR_FLOTILLA_QUOTA", `${what}: ${beyond(excess)}`, {
    details: { budget: excess },
  });
}

/** What is not there, by the verb of the call, where that is not the node at its path. */
const absentOf: Readonly<Record<string, string>> = {
  add: "the node above it is not there, or it itself where a condition asks for it",
  create: "the node above it is not there: make that first",
  doom: "there is no such session or lease",
  put: "the node above it is not there, or it itself where a condition asks for it",
  setBudget: "it has no budget of its own",
};

const named: Readonly<Partial<Record<ErrorCode, Readonly<Record<string, string>>>>> = {
  ERR_FLOTILLA_LIMIT: limitsOf,
  ERR_FLOTILLA_NOT_FOUND: absentOf,
};

function reasonOf(code: ErrorCode, verb: string): string {
  return named[code]?.[verb] ?? errorCodes[code].hint;
}

/** The error of a request that changed nothing; `path` names what it was about. */
export function refusal(
  result: Extract<Result, { ok: false }>,
  verb: string,
  path: string | null,
): FlotillaError {
  const { code, failed, revision, branch, excess } = result;
  const at = failed === null ? "" : ` (op ${failed}${branch === "else" ? " of else" : ""})`;
  const details = {
    revision,
    ...(failed === null ? {} : { failed }),
    ...(branch === undefined ? {} : { branch }),
    ...(excess === undefined ? {} : { budget: excess }),
  };
  const what = path === null ? verb : `${verb} ${path}`;
  return new FlotillaError(
    code,
    `${what}${at}: ${excess === undefined ? reasonOf(code, verb) : beyond(excess)}`,
    { details },
  );
}

/** For what asks that there be nothing: there was nothing. */
export function falseIfAbsent(error: unknown): false {
  if (FlotillaError.is(error, "ERR_FLOTILLA_NOT_FOUND")) return false;
  throw error;
}
