import { decodeConfiguration } from "../../../src/core/config/config-codec.ts";
import type { Configuration, Member } from "../../../src/core/config/configuration.ts";
import type { Entry } from "../../../src/core/entry.ts";
import type { Message } from "../../../src/core/message.ts";
import type { AppendTask, Dropped, Placed, ReadPoint, SoftState } from "../../../src/core/ready.ts";
import type { LogId } from "../../../src/core/types.ts";
import { incarnationOf } from "../../core/member.ts";
import { lifeOf } from "./node.ts";

const decoder = new TextDecoder();
/** A core adds its first random number times this to its proposals' ids on the wire. */
const forwardStride = 2 ** 19;

/** `index@term`. */
export function logId({ index, term }: LogId): string {
  return `${index}@${term}`;
}

/** Other data than at first is told by a `'`, another address by the address. */
function member({ id, address, incarnation }: Member): string {
  const data = incarnation === "" || incarnation === incarnationOf(id) ? "" : "'";
  return `${id}${data}${address === `${id}:1` ? "" : `@${address}`}`;
}

function list(members: readonly Member[]): string {
  return members.map(member).join(" ");
}

function memberList({ voters, outgoing, learners }: Configuration): string {
  const before = outgoing.length === 0 ? "" : ` and ${list(outgoing)}`;
  const waiting = learners.map((learner) => `${member(learner)}${learner.promote ? "+" : ""}`);
  return `${list(voters)}${before}${learners.length === 0 ? "" : `, learners ${waiting.join(" ")}`}`;
}

/** `voters 1 2 3`; a joint configuration has both halves: `voters 1 2 and 2 3`. A `+` waits for its promotion. */
export function members(configuration: Configuration): string {
  return `voters ${memberList(configuration)}`;
}

/** What an entry carries. */
export function content({ kind, payload, index }: Entry): string {
  if (kind === "noop") return "noop";
  if (kind === "command") return decoder.decode(payload);
  return `config(${memberList(decodeConfiguration(payload, index))})`;
}

export function entries(list: readonly Entry[]): string {
  return `[${list.map((entry) => `${logId(entry)} ${content(entry)}`).join(", ")}]`;
}

/** `p3` or `p3..p5`. */
function run(name: string, first: number, count: number): string {
  return count === 1 ? `${name}${first}` : `${name}${first}..${name}${first + count - 1}`;
}

function forwardId(id: number): string {
  const life = lifeOf(id / forwardStride);
  const own = id % forwardStride;
  return life === 0 ? `p${own}` : `p${own} of life ${life}`;
}

function readId(id: number): string {
  const life = lifeOf(id);
  return life === 0 ? `q${id % 1000}` : `q${id % 1000} of life ${life}`;
}

type Details = { readonly [T in Message["type"]]: (one: Extract<Message, { type: T }>) => string };

function answer({ granted }: { readonly granted: boolean }): string {
  return granted ? " granted" : " refused";
}

const details: Details = {
  "pre-vote": ({ last, closedLeader }) =>
    ` last ${logId(last)}${closedLeader === null ? "" : ` closed ${closedLeader}`}`,
  "pre-vote-reply": answer,
  vote: ({ last, transfer }) => ` last ${logId(last)}${transfer ? " to take over" : ""}`,
  "vote-reply": answer,
  append: ({ prev, entries: list, commit }) => ` after ${logId(prev)} ${entries(list)} commit ${commit}`,
  "append-reply": ({ prevIndex, match, hint }) => {
    if (match !== null) return ` match ${match}`;
    return hint === null ? " refused" : ` refused after ${prevIndex}, shares ${logId(hint)}`;
  },
  heartbeat: ({ round, commit }) => ` round ${round} commit ${commit}`,
  "heartbeat-reply": ({ round, pledgeMs }) => ` round ${round}${pledgeMs > 0 ? ` pledged ${pledgeMs}` : ""}`,
  "snapshot-offer": ({ last }) => ` last ${logId(last)}`,
  "snapshot-reply": ({ last, received, done }) =>
    ` last ${logId(last)} ${done ? "installed" : `received ${received}`}`,
  "read-request": ({ id }) => ` ${readId(id)}`,
  "read-reply": ({ id, index }) => ` ${readId(id)} ${index === null ? "refused" : `at ${index}`}`,
  forward: ({ firstId, payloads }) =>
    ` ${forwardId(firstId)} [${payloads.map((payload) => decoder.decode(payload)).join(", ")}]`,
  "forward-reply": ({ firstId, count, firstIndex }) =>
    ` ${forwardId(firstId)} x${count} ${firstIndex === null ? "dropped" : `from ${firstIndex}`}`,
  "timeout-now": ({ last }) => ` last ${logId(last)}`,
};

/** A message as one line, without its sender and receiver. */
export function message(one: Message): string {
  // The table has the printer of exactly this type.
  const print = details[one.type] as (one: Message) => string;
  return `${one.type} t${one.term}${print(one)}`;
}

/** What a node believes. */
export function soft({ role, term, leader, established }: SoftState): string {
  if (role === "leader") return `leads term ${term}${established ? ", established" : ""}`;
  if (role === "candidate") return `is candidate in term ${term}`;
  if (role === "precandidate") return `is precandidate in term ${term}`;
  return `follows ${leader ?? "nobody"} in term ${term}`;
}

/** A write under way. */
export function task({ reset, truncateFrom, entries: list, hardState }: AppendTask): string {
  const parts: string[] = [];
  if (hardState !== null) parts.push(`term ${hardState.term} vote ${hardState.vote ?? "nobody"}`);
  if (reset !== null) parts.push(`log begins after ${logId(reset)}`);
  if (truncateFrom !== null) parts.push(`drops from ${truncateFrom}`);
  if (list.length > 0) parts.push(entries(list));
  return `writes ${parts.join(", ")}`;
}

export function read({ id, index }: ReadPoint): string {
  return `read r${id} ${index === null ? "refused" : `at ${index}`}`;
}

export function placed({ firstId, count, firstIndex, term }: Placed): string {
  return `${run("p", firstId, count)} placed from ${logId({ index: firstIndex, term })}`;
}

export function dropped({ firstId, count, certain }: Dropped): string {
  return `${run("p", firstId, count)} ${certain ? "dropped" : "of unknown fate"}`;
}
