import type { EffectRecord, OutcomeRecord, Resolution, SessionOpRecord } from "@flotilla/history";
import type { Operation } from "@flotilla/kv";
import type { WriteCall } from "../actors/ledger.ts";
import { toNs } from "../actors/lease-book.ts";
import type { GoldenCommand } from "../world/golden-log.ts";
import type { World } from "../world/world.ts";

/** What changes the state without an event. */
const silent: readonly string[] = ["close", "doom", "set-budget"] satisfies Operation["type"][];

/** Every write with the number it had in its session. */
export interface NumberedWrites {
  readonly calls: readonly SessionOpRecord[];
  readonly effects: readonly EffectRecord[];
  readonly outcomes: readonly OutcomeRecord[];
  /** What became of each operation of the history, by its id. */
  readonly resolutions: ReadonlyMap<number, Resolution>;
}

/**
 * Numbers are given in the order of the calls, to each that was sent; the log must hold the same operation
 * under the same number.
 */
export function numberWrites(world: World): NumberedWrites {
  const log = requests(world);
  const calls: SessionOpRecord[] = [];
  const outcomes: OutcomeRecord[] = [];
  const resolutions = new Map<number, Resolution>();
  for (const [session, writes] of world.ledger.writes) {
    let seq = 0;
    for (const write of writes) {
      if (write.outcome === "unsent") continue;
      seq += 1;
      const found = log.get(`${session}/${seq}`);
      if (found !== undefined) compare(world, write, found, seq);
      const outcome = write.outcome === "open" || write.type === "close" ? "unknown" : write.outcome;
      const completed_ns =
        write.completedMs === null || outcome === "unknown" ? null : toNs(write.completedMs);
      calls.push({
        kind: "session-op",
        session,
        seq,
        outcome,
        zxid: write.zxid ?? zxidOf(found),
        completed_ns,
      });
      outcomes.push({ session, seq, outcome, ...(write.zxid === null ? {} : { zxid: write.zxid }) });
      if (write.opId !== null) resolutions.set(write.opId, resolution(found));
    }
    // A member that stops in order closes the sessions of its process.
    const next = log.get(`${session}/${seq + 1}`)?.command;
    if (next?.type === "request" && next.operation.type === "close")
      outcomes.push({ session, seq: seq + 1, outcome: "unknown" });
  }
  return { calls, effects: effectsOf(world), outcomes, resolutions };
}

/** The first execution of each request, by session and number. */
function requests(world: World): Map<string, GoldenCommand> {
  const found = new Map<string, GoldenCommand>();
  for (const each of world.golden.commands) {
    if (each.command?.type !== "request" || each.result === null) continue;
    const key = `${each.command.session}/${each.command.seq}`;
    if (!found.has(key)) found.set(key, each);
  }
  return found;
}

function effectsOf(world: World): EffectRecord[] {
  const effects: EffectRecord[] = [];
  for (const { command, result, events } of world.golden.commands) {
    if (command?.type !== "request" || result === null) continue;
    const { type } = command.operation;
    const changed = result.ok && (events.length > 0 || silent.includes(type));
    if (!result.ok && events.length > 0) {
      world.findings.later(
        "ExactlyOnce",
        `session ${command.session} seq ${command.seq} was refused but changed the tree`,
      );
    }
    if (changed) effects.push({ session: command.session, seq: command.seq, zxid: result.revision });
  }
  return effects;
}

function zxidOf(found: GoldenCommand | undefined): number | null {
  return found?.result?.ok === true && found.events.length > 0 ? found.result.revision : null;
}

function resolution(found: GoldenCommand | undefined): Resolution {
  if (found?.result?.ok !== true) return { applied: false };
  return { applied: true, zxid: found.result.revision, at_ns: toNs(found.atMs) };
}

function compare(world: World, write: WriteCall, { command }: GoldenCommand, seq: number): void {
  if (command?.type !== "request") return;
  const { type, path, value } = facts(command.operation);
  if (type === write.type && path === write.path && (value === null || value === write.value)) return;
  world.findings.later(
    "SessionFifo",
    `session ${write.session} called ${write.type} ${write.path} ${write.value ?? ""} as its ${seq}th write, the log has ${type} ${path} ${value ?? ""} there`,
  );
}

function facts(operation: Operation): { type: string; path: string; value: string | null } {
  if (operation.type === "multi") {
    const [first] = operation.ops;
    return first === undefined
      ? { type: "multi", path: "", value: null }
      : { ...facts(first), type: "multi" };
  }
  const path = "path" in operation ? operation.path : "";
  const value = "value" in operation ? new TextDecoder().decode(operation.value) : null;
  return { type: operation.type, path, value };
}
