import type { Fault, FaultKind, Plan } from "./plan.ts";
import { faultKinds } from "./plan.ts";

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isKind(value: unknown): value is FaultKind {
  return faultKinds.some((kind) => kind === value);
}

function isFault(value: unknown): value is Fault {
  if (!isFields(value) || !isKind(value["kind"]) || typeof value["target"] !== "string") return false;
  const { when } = value;
  if (
    when !== undefined &&
    (!isFields(when) || typeof when["moment"] !== "string" || !Number.isSafeInteger(when["hit"]))
  )
    return false;
  return typeof value["atMs"] === "number" && typeof value["durMs"] === "number" && isFields(value["args"]);
}

function isPlan(value: unknown): value is Plan {
  if (!isFields(value) || value["format"] !== 1 || !Number.isSafeInteger(value["seed"])) return false;
  const { nodes, clients, logAlone, config, faults } = value;
  if (logAlone !== undefined && (!isFields(logAlone) || typeof logAlone["lanes"] !== "number")) return false;
  if (
    typeof nodes !== "number" ||
    nodes < 1 ||
    nodes > 9 ||
    !isFields(config) ||
    !isFields(config["latency"])
  )
    return false;
  return Array.isArray(clients) && clients.every(isFields) && Array.isArray(faults) && faults.every(isFault);
}

/**
 * Reads a plan that was written as JSON.
 * @throws SyntaxError when it is none
 */
export function readPlan(text: string): Plan {
  const value: unknown = JSON.parse(text);
  if (isPlan(value)) return value;
  throw new SyntaxError("not a plan of format 1");
}
