import type { Random } from "@flotilla/runtime";
import { encodeEntry } from "../../../src/core/entry-codec.ts";
import type { AppendTask } from "../../../src/core/ready.ts";
import type { SnapshotOffered } from "../../../src/core/ready.ts";
import { Member, type MemberOptions, nobody } from "../../core/member.ts";

/** More lives than a node of any scenario has. */
const lives = 9;

/** The life of the node that drew this as its first number. */
export function lifeOf(first: number): number {
  return lives - Math.floor(first / 1000);
}

/**
 * Numbers that a scenario chooses: everything is drawn as `draw`. A life's first numbers are round thousands, each
 * life's below those of the one before: the harder order, because what is compared with them seems to go back.
 */
export class Draws implements Random {
  draw: number;
  life = 0;

  constructor(draw: number) {
    this.draw = draw;
  }

  u32(): number {
    return (lives - this.life) * 1000;
  }

  below(limit: number): number {
    return Math.min(this.draw, limit - 1);
  }

  float(): number {
    return 0;
  }

  bytes(length: number): Uint8Array {
    return new Uint8Array(length).fill(this.draw + 1);
  }
}

/** One node of a scenario: a member, and what is half done about it. */
export class ScenarioNode {
  readonly member: Member;
  readonly draws: Draws;
  /** The write under way has left the process; a crash alone does not undo it. */
  unsynced: AppendTask | null = null;
  /** A snapshot that is being received and is not durable yet. */
  incoming: SnapshotOffered | null = null;
  reportedCommit = 0;
  reportedConfiguration = 0;
  reportedRemoved = false;

  constructor(draw: number, options: Omit<MemberOptions, "random">) {
    this.draws = new Draws(draw);
    this.member = new Member({ ...options, random: this.draws });
  }

  get id(): string {
    return this.member.id;
  }

  /** Starts over what the disk holds, in a new life. */
  restart(): void {
    const { member } = this;
    if (this.unsynced !== null) member.disk.write(this.unsynced);
    this.draws.life += 1;
    this.#begin();
  }

  /** Starts over a log with these terms, as if from an earlier time; the first life begins here. */
  startWith(terms: readonly number[], term: number, commit: number): void {
    const { disk } = this.member;
    const bytes = new TextEncoder();
    disk.entries = terms.map((of, position) => {
      const payload = bytes.encode(`g${position + 1}`);
      return encodeEntry({ index: position + 1, term: of, timeMs: of * 1000, kind: "command", payload });
    });
    disk.hardState = { term, vote: null };
    disk.commit = commit;
    this.#begin();
  }

  /** All data is gone, and with it the name of the data. */
  wipe(): void {
    const { member } = this;
    const { disk } = member;
    this.unsynced = null;
    disk.hardState = { term: 0, vote: null };
    disk.compacted = { index: 0, term: 0 };
    disk.entries = [];
    disk.commit = 0;
    disk.snapshot = null;
    // One that comes back joins; before the cluster is founded it founds it again.
    if (disk.base.historyId !== "") disk.base = nobody;
    member.incarnation = "ff".repeat(16);
  }

  /** The process ends: what only it knew is gone. */
  stop(): void {
    this.member.up = false;
    this.member.task = null;
    this.member.applying = [];
    this.incoming = null;
  }

  #begin(): void {
    const { member } = this;
    this.unsynced = null;
    this.incoming = null;
    member.start();
    this.reportedRemoved = false;
    this.reportedCommit = member.raft.commit;
    this.reportedConfiguration = member.raft.configuration.index;
  }
}
