import type { Node } from "@flotilla/kv";
import { numberAt, readRecord, textAt, textsByNameAt } from "../record.ts";
import type { Instance, InstanceState } from "./api.ts";
import { allStates } from "./filter.ts";

/** What the node of an instance holds, and its revision does not say. */
export type InstanceFacts = Omit<Instance, "id" | "name" | "revision">;

/** As it is in the state that takes most room. */
export function asLongest(facts: InstanceFacts): InstanceFacts {
  const [longest = facts.state] = allStates.toSorted((a, b) => b.length - a.length);
  return { ...facts, state: longest };
}

/** @param key tells it from a successor under the same id */
export function instanceRecord(facts: InstanceFacts, key: string): string {
  const { address, port, tags, zone, weight, meta, state } = facts;
  return JSON.stringify({ address, port, tags, zone, weight, meta, state, key });
}

const made = new WeakMap<Instance, number>();

/** Revision at which the node of an instance that was read was made: of another under its id it is another. */
export function madeAt(instance: Instance): number {
  return made.get(instance) ?? 0;
}

/** Null for what is no registration; what cannot be read of one is left out. */
export function readInstance(name: string, id: string, node: Node): Instance | null {
  const record = readRecord(node);
  const address = record === null ? "" : textAt(record, "address", "");
  if (record === null || address === "") return null;
  const instance: Instance = {
    id,
    name,
    address,
    port: portAt(record),
    tags: Array.isArray(record["tags"]) ? record["tags"].filter((tag) => typeof tag === "string") : [],
    zone: typeof record["zone"] === "string" ? record["zone"] : null,
    weight: Math.max(0, numberAt(record, "weight", 1)),
    meta: textsByNameAt(record, "meta"),
    state: stateAt(record),
    revision: node.stat.mzxid,
  };
  made.set(instance, node.stat.czxid);
  return instance;
}

/** What is not understood is not picked. */
function stateAt(record: Readonly<Record<string, unknown>>): InstanceState {
  return allStates.find((state) => state === record["state"]) ?? "critical";
}

function portAt(record: Readonly<Record<string, unknown>>): number | null {
  const port = numberAt(record, "port", 0);
  return port === 0 ? null : port;
}
