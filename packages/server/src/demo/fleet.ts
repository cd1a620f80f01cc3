import type { LeaderInfo } from "@flotilla/coord";
import type { Events } from "./events.ts";
import { Vacancies } from "./measure.ts";
import type { FromMember, MemberSpec } from "./messages.ts";
import type { Exit } from "./process.ts";
import { MemberProcess } from "./process.ts";
import { nowMs, sleep, until } from "./time.ts";

const restartAfterMs = 1_000;
/** The last voter has no quorum to say goodbye to. */
const closeAllWithinMs = 1_000;
/** A voter further behind than this has not caught up, log entries. */
const maxLag = 200;

export interface FleetOptions {
  readonly specs: readonly MemberSpec[];
  readonly logFile: (id: string) => string;
  readonly events: Events;
  /** Starts and restarts end when it fires. */
  readonly stop: AbortSignal;
}

/** The five processes, and what the supervisor knows of who leads and who works. */
export class Fleet {
  readonly members: readonly MemberProcess[];
  readonly vacancies: Vacancies = new Vacancies(nowMs());
  readonly #events: Events;
  readonly #stop: AbortSignal;
  readonly #epochs: number[] = [];
  #leader: LeaderInfo | null = null;
  #workers: ReadonlyMap<string, string> = new Map();
  #epochsGrew = true;
  #staleRefused = 0;
  #crashes = 0;
  #failure: string | null = null;
  readonly #lastWords = new Map<string, string>();
  readonly #pausing = new Set<string>();

  constructor({ specs, logFile, events, stop }: FleetOptions) {
    this.#events = events;
    this.#stop = stop;
    this.members = specs.map(
      (spec) =>
        new MemberProcess(spec, logFile(spec.id), {
          onMessage: (message) => this.#receive(spec.id, message),
          onExit: (exit) => this.#exited(spec.id, exit),
        }),
    );
  }

  /** As last seen; its process may have died since. */
  get leader(): LeaderInfo | null {
    return this.#leader;
  }

  /** Ids of the registered workers, sorted. */
  get workers(): readonly string[] {
    return [...new Set(this.#workers.values())].toSorted();
  }

  /** Of all leaders, in the order they were seen. */
  get epochs(): readonly number[] {
    return this.#epochs;
  }

  get epochsGrew(): boolean {
    return this.#epochsGrew;
  }

  /** Tasks of replaced leaders that workers refused. */
  get staleRefused(): number {
    return this.#staleRefused;
  }

  /** Processes that ended by an error of their own. */
  get crashes(): number {
    return this.#crashes;
  }

  /** Why a process ended last by an error of its own, if it could tell. */
  get failure(): string | null {
    return this.#failure;
  }

  /** The member whose voter leads the consensus. */
  get raftLeader(): string | null {
    return (
      this.members.find((member) => member.state === "up" && member.status?.node?.role === "leader")?.id ??
      null
    );
  }

  member(id: string): MemberProcess | undefined {
    return this.members.find((member) => member.id === id);
  }

  /** The process that leads, if it lives. */
  leadingProcess(): MemberProcess | undefined {
    const member = this.#leader === null ? undefined : this.member(this.#leader.id);
    return member?.state === "up" ? member : undefined;
  }

  /** A worker's process, by preference. */
  workingProcesses(): readonly MemberProcess[] {
    return this.members.filter((member) => member.state === "up" && member.id !== this.#leader?.id);
  }

  startAll(): void {
    for (const member of this.members) member.start();
  }

  /** Starts it again after a moment, with its data. */
  async restart(member: MemberProcess): Promise<void> {
    await sleep(restartAfterMs, this.#stop);
    if (this.#stop.aborted || member.state !== "down") return;
    this.#events.add("member", `${member.id} starts again`, { member: member.id, state: "starting" });
    member.start();
  }

  /** Tells the living who is stopped and needs an end, should the supervisor die now. */
  announceStopped(member: MemberProcess, stopped: boolean): void {
    for (const other of this.members) {
      if (other !== member) other.send({ type: "stopped-sibling", pid: stopped ? member.pid : null });
    }
  }

  /** The process sent word that it stops itself. */
  isPausing(id: string): boolean {
    return this.#pausing.has(id);
  }

  expectPause(id: string): void {
    this.#pausing.delete(id);
  }

  /** The process does not answer any more, from now on. */
  down(member: MemberProcess): void {
    this.vacancies.down(member.id, nowMs());
  }

  seenLeader(leader: LeaderInfo | null): void {
    this.#leader = leader;
    this.vacancies.seen(leader, nowMs());
    if (leader === null) {
      this.#events.add("vacant", "nobody leads");
      return;
    }
    const highest = this.#epochs.at(-1) ?? 0;
    if (leader.epoch < highest) {
      this.#epochsGrew = false;
      this.#events.add("problem", `epoch ${leader.epoch} after ${highest}`, { epoch: leader.epoch, highest });
    }
    if (leader.epoch <= highest) return;
    this.#epochs.push(leader.epoch);
    this.#events.add("leader", `${leader.id} leads with epoch ${leader.epoch}`, {
      member: leader.id,
      epoch: leader.epoch,
    });
  }

  /** An answer counts as well: no epoch below one that has answered. */
  seenAnswer(epoch: number, highestAnswered: number): void {
    if (epoch >= highestAnswered) return;
    this.#epochsGrew = false;
    this.#events.add("problem", `an answer of epoch ${epoch} after one of ${highestAnswered}`, { epoch });
  }

  seenWorkers(workers: ReadonlyMap<string, string>): void {
    const before = this.workers.join(" ");
    this.#workers = workers;
    const after = this.workers;
    if (after.join(" ") !== before)
      this.#events.add("workers", `workers: ${after.join(" ") || "none"}`, { workers: after });
  }

  /** Everybody is up and does its part: one leads, all others are registered, the voters have caught up. */
  isWhole(): boolean {
    const leading = this.leadingProcess();
    if (leading === undefined || leading.address !== this.#leader?.value || this.raftLeader === null)
      return false;
    if (!this.members.every((member) => member.state === "up" && member.address !== null)) return false;
    const expected = this.members
      .filter((member) => member !== leading)
      .map((member) => member.address ?? "");
    if (this.#workers.size !== expected.length || !expected.every((address) => this.#workers.has(address)))
      return false;
    return this.members.every((member) => this.lag(member) <= maxLag);
  }

  /** Log entries a voter is behind; 0 for those without one. */
  lag(member: MemberProcess): number {
    if (member.spec.voter === null) return 0;
    const applied = member.status?.node?.applied;
    if (applied === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(0, ...this.members.map((each) => (each.status?.node?.commit ?? 0) - applied));
  }

  /** In order; what does not end is killed. */
  async close(): Promise<void> {
    const closing = Promise.all(this.members.map((member) => member.close()));
    await Promise.race([
      closing,
      until(() => this.members.every((member) => member.state === "down"), { timeoutMs: closeAllWithinMs }),
    ]);
    await Promise.all(this.members.map((member) => member.kill()));
  }

  /** At once, without waiting: for when the supervisor itself fails. */
  killAll(): void {
    for (const member of this.members) void member.kill();
  }

  #receive(id: string, message: FromMember): void {
    if (message.type === "pausing") {
      this.#pausing.add(id);
      this.member(id)?.markStopped();
    } else if (message.type === "ready") {
      this.#events.add("member", `${id} is up`, {
        member: id,
        state: "up",
        pid: this.member(id)?.pid ?? null,
      });
    } else if (message.type === "failed") {
      this.#failure = `${id}: ${message.message}`;
      this.#lastWords.set(id, message.message);
    } else if (message.type === "stale-refused") {
      this.#staleRefused += 1;
      const { epoch, highest } = message;
      this.#events.add("stale-refused", `${id} refused a task of epoch ${epoch}: it has seen ${highest}`, {
        member: id,
        epoch,
        highest,
      });
    }
  }

  #exited(id: string, { code, signal, expected }: Exit): void {
    const member = this.member(id);
    if (member === undefined) return;
    this.down(member);
    if (expected || this.#stop.aborted) return;
    const why = signal === null ? `with code ${code}` : `by ${signal}`;
    const words = this.#lastWords.get(id);
    this.#lastWords.delete(id);
    const reason = words === undefined ? "" : `: ${words}`;
    // Somebody else's signal is a fault as good as ours; an error of its own is not.
    if (signal === null) this.#crashes += 1;
    this.#events.add(signal === null ? "problem" : "member", `${id} ended ${why}${reason}`, {
      member: id,
      state: "down",
      code,
      signal,
    });
    void this.restart(member);
  }
}
