import type { Node } from "@flotilla/kv";
import { numberAt, readRecord, textAt } from "../record.ts";
import type { Assignment } from "./assignment.ts";

/** Someone who takes part, as its node says. */
export interface Participant {
  /** Of its node. */
  readonly name: string;
  readonly id: string;
  readonly value: string;
  readonly weight: number;
  /** How many shards there are, as it sees it. */
  readonly count: number;
  readonly czxid: number;
}

/** What somebody who takes part says of itself. */
export type Appearance = Pick<Participant, "id" | "value" | "weight" | "count">;

export function participantRecord({ id, value, weight, count }: Appearance): string {
  return JSON.stringify({ id, value, weight, count });
}

export function readParticipant(name: string, node: Node): Participant {
  const record = readRecord(node) ?? {};
  return {
    name,
    id: textAt(record, "id", name),
    value: textAt(record, "value", ""),
    weight: Math.max(0, Math.floor(numberAt(record, "weight", 0))),
    count: numberAt(record, "count", 0),
    czxid: node.stat.czxid,
  };
}

/** A shard that is owned, as its node says. */
export interface OwnedShard {
  /** Name of the participant. */
  readonly name: string;
  readonly id: string;
  readonly value: string;
  /** The epoch. */
  readonly mzxid: number;
}

export function ownedRecord(name: string, { id, value }: Appearance): string {
  return JSON.stringify({ name, id, value });
}

export function readOwned(node: Node): OwnedShard {
  const record = readRecord(node) ?? {};
  return {
    name: textAt(record, "name", ""),
    id: textAt(record, "id", ""),
    value: textAt(record, "value", ""),
    mzxid: node.stat.mzxid,
  };
}

/** Who is to own what. */
export interface Plan {
  /** For each shard the name of the participant. */
  readonly owners: Assignment;
  readonly mzxid: number;
}

export function planRecord(owners: Assignment): string {
  const names = [...new Set(owners)].filter((name) => name !== null);
  const at = new Map<string | null, number>(names.map((name, index) => [name, index]));
  return JSON.stringify({ names, owners: owners.map((owner) => at.get(owner) ?? -1) });
}

/** What cannot be read gives nothing to anybody. */
export function readPlan(node: Node): Plan {
  const { names, owners } = readRecord(node) ?? {};
  const known: readonly unknown[] = Array.isArray(names) ? names : [];
  const nameAt = (index: unknown): string | null => {
    const name = typeof index === "number" ? known[index] : undefined;
    return typeof name === "string" ? name : null;
  };
  return { owners: Array.isArray(owners) ? owners.map(nameAt) : [], mzxid: node.stat.mzxid };
}
