import type { Machine } from "@flotilla/kv";
import { membersOf } from "@flotilla/raft";
import type { Configuration, NodeId, RaftStatus } from "@flotilla/raft";
import type { Clock, Logger, Timer } from "@flotilla/runtime";
import { FlotillaError } from "@flotilla/runtime";
import type { DigestPoint } from "../wire/admin-messages.ts";
import { encodeDigestPoint } from "./digest-codec.ts";
import type { RaftPort } from "./raft-port.ts";

/** Members compare whenever so many commands were applied. */
const everyCommands = 4_096;
/** And so long after a command that was not compared yet, ms. */
const restMs = 5_000;
/** Points remembered, of one's own and of others. */
const maxPoints = 16;

/** What a comparer needs. */
export interface ComparerOptions {
  readonly nodeId: NodeId;
  readonly clock: Clock;
  readonly raft: Pick<RaftPort, "send" | "fail">;
  readonly machine: Pick<Machine, "applied" | "digest">;
  readonly logger: Logger;
  readonly probe?: (name: string) => void;
}

/**
 * Compares the digest of the state with those of the other members after the same number of commands, and stops this
 * member when a majority of the voters agrees on another one. Every member tells the others at every 4,096th command,
 * and wherever the leader tells it in between, 5 s after a command at the latest. Nothing is told and no timer set
 * while nothing is applied.
 */
export class Comparer {
  readonly #options: ComparerOptions;
  /** By the number of commands; the oldest first. */
  readonly #own = new Map<number, string>();
  readonly #others = new Map<number, Map<NodeId, string>>();
  /** Where somebody else told its digest, and this member is not yet. Sorted. */
  #marks: number[] = [];
  #nextAt = 0;
  /** Null while this member starts: it applies what it did before. */
  #configuration: Configuration | null = null;
  #leads = false;
  #timer: Timer | undefined;
  #isOver = false;
  readonly #suspects = new Set<NodeId>();

  constructor(options: ComparerOptions) {
    this.#options = options;
  }

  /** To be called in the turn the status changed. */
  onStatus({ role, configuration }: Pick<RaftStatus, "role" | "configuration">): void {
    this.#configuration = configuration;
    this.#leads = role === "leader";
  }

  /** To be called in the turn a command was applied. */
  onApplied(): void {
    if (this.#isOver) return;
    if (this.#leads && this.#timer === undefined) this.#arm();
    const { applied } = this.#options.machine;
    if (applied < this.#nextAt) return;
    if (applied === this.#nextAt) this.#tell();
    this.#aim(applied);
  }

  /** What another member told. */
  receive(from: NodeId, { commands, digest }: DigestPoint): void {
    if (this.#isOver) return;
    const told = this.#others.get(commands) ?? new Map<NodeId, string>();
    told.set(from, digest);
    keep(this.#others, commands, told);
    const { applied } = this.#options.machine;
    if (commands > applied) this.#mark(commands);
    else if (commands === applied && !this.#own.has(commands)) this.#tell();
    else this.#judge(commands);
  }

  /** Where this member knows its digest, now among them; the oldest first. */
  points(): readonly DigestPoint[] {
    const { machine } = this.#options;
    const own = [...this.#own].map(([commands, digest]) => ({ commands, digest }));
    return [...own, { commands: machine.applied, digest: machine.digest() }];
  }

  /** Stops for good. */
  close(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#timer = this.#options.clock.setTimer(restMs, () => {
      this.#timer = undefined;
      if (!this.#isOver && this.#leads && !this.#own.has(this.#options.machine.applied)) this.#tell();
    });
  }

  #mark(commands: number): void {
    this.#marks = [...new Set([...this.#marks, commands])].toSorted((a, b) => a - b).slice(0, maxPoints);
    this.#aim(this.#options.machine.applied);
  }

  /** Where to tell next. */
  #aim(applied: number): void {
    this.#marks = this.#marks.filter((mark) => mark > applied);
    const regular = (Math.floor(applied / everyCommands) + 1) * everyCommands;
    this.#nextAt = Math.min(regular, this.#marks[0] ?? regular);
  }

  #tell(): void {
    const { machine, raft, nodeId } = this.#options;
    if (this.#configuration === null) return;
    const point = { commands: machine.applied, digest: machine.digest() };
    keep(this.#own, point.commands, point.digest);
    const payload = encodeDigestPoint(point);
    for (const { id } of membersOf(this.#configuration)) if (id !== nodeId) raft.send(id, payload);
    this.#judge(point.commands);
  }

  #judge(commands: number): void {
    const own = this.#own.get(commands);
    const told = this.#others.get(commands);
    if (own === undefined || told === undefined || this.#configuration === null) return;
    const { voters } = this.#configuration;
    const votes = new Map<string, number>();
    for (const { id } of voters) {
      const digest = id === this.#options.nodeId ? own : told.get(id);
      if (digest !== undefined) votes.set(digest, (votes.get(digest) ?? 0) + 1);
    }
    const majority = Math.floor(voters.length / 2) + 1;
    for (const [digest, count] of votes) if (digest !== own && count >= majority) this.#diverged(commands);
    for (const [id, digest] of told) if (digest !== own) this.#suspect(id, commands);
  }

  #suspect(id: NodeId, commands: number): void {
    if (this.#suspects.has(id)) return;
    this.#suspects.add(id);
    this.#options.logger.error(
      { member: id, commands },
      "a member has another state after the same commands",
    );
  }

  #diverged(commands: number): void {
    if (this.#isOver) return;
    this.close();
    const { clock, raft, probe } = this.#options;
    probe?.("state-diverged");
    const error = new FlotillaError(
      "ERR_FLOTILLA_DIVERGED",
      `after ${commands} commands the state of this member differs from that of a majority`,
      { details: { commands } },
    );
    // Not amid the apply under way.
    clock.defer(() => raft.fail(error));
  }
}

function keep<T>(points: Map<number, T>, commands: number, value: T): void {
  points.set(commands, value);
  for (const oldest of points.keys()) {
    if (points.size <= maxPoints) break;
    points.delete(oldest);
  }
}
