import type { Lease, Session } from "@flotilla/coord/client";
import type { LeaseRecord } from "@flotilla/history";
import type { GoldenCommand, GoldenLog } from "../world/golden-log.ts";
import type { ProcessClock } from "./process-clock.ts";

const driftBound = 0.02;
const nsPerMs = 1e6;

/** Whole nanoseconds of virtual milliseconds. */
export function toNs(ms: number): number {
  return Math.round(ms * nsPerMs);
}

/** What is believed in: a session by its own lease, or a further lease. */
interface Believed {
  readonly id: string;
  readonly ttlMs: number;
  readonly signal: AbortSignal;
  /** Of the present period. */
  readonly leftMs: () => number;
}

interface Tracked {
  readonly believed: Believed;
  readonly process: ProcessClock;
  sinceMs: number;
  believedMs: number;
  hasEnded: boolean;
}

/** How long leases were believed in, those of sessions and further ones, and how long they lasted. */
export class LeaseBook {
  readonly #nowMs: () => number;
  readonly #records: LeaseRecord[] = [];
  /** When each lease's client was told of it. */
  readonly #told = new Map<string, number>();
  /** Whose each further lease is. */
  readonly #sessionOf = new Map<string, string>();
  readonly #tracked = new Map<ProcessClock, Tracked[]>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** A session is open; its opening was sent at `openedMs` at the earliest. */
  opened(session: Session, process: ProcessClock, openedMs: number): void {
    const { id, ttlMs, signal } = session;
    this.#track({ id, ttlMs, signal, leftMs: () => session.lease.expiresIn }, process, openedMs);
  }

  /** A further lease stands; its grant was sent at `askedMs` at the earliest. */
  granted(lease: Lease, session: Session, process: ProcessClock, askedMs: number): void {
    const { id, ttlMs, signal } = lease;
    this.#sessionOf.set(id, session.id);
    this.#track({ id, ttlMs, signal, leftMs: () => lease.expiresIn }, process, askedMs);
  }

  /** The process just ran: notes what its sessions believe now. */
  ran(process: ProcessClock): void {
    const list = this.#tracked.get(process);
    if (list === undefined) return;
    let someEnded = false;
    for (const tracked of list) {
      this.#look(tracked);
      someEnded ||= tracked.hasEnded;
    }
    if (someEnded) this.#forgetEnded(process, list);
  }

  /** The process is gone. */
  died(process: ProcessClock): void {
    for (const tracked of this.#tracked.get(process) ?? []) this.#finish(tracked);
    this.#tracked.delete(process);
  }

  /** Everything, with the ends that the log tells of. */
  records(golden: GoldenLog): LeaseRecord[] {
    for (const process of this.#tracked.keys()) this.died(process);
    return [...this.#records, ...this.#ends(golden)];
  }

  #track(believed: Believed, process: ProcessClock, sentMs: number): void {
    const { id, ttlMs, signal } = believed;
    this.#told.set(id, this.#nowMs());
    this.#records.push({ kind: "lease", id, ttl_ms: ttlMs, send_ns: toNs(sentMs) });
    const list = this.#tracked.get(process) ?? [];
    const tracked: Tracked = {
      believed,
      process,
      sinceMs: Number.NEGATIVE_INFINITY,
      believedMs: -1,
      hasEnded: signal.aborted,
    };
    const ended = (): void => {
      tracked.hasEnded = true;
    };
    signal.addEventListener("abort", ended, { once: true });
    list.push(tracked);
    this.#tracked.set(process, list);
  }

  /**
   * An end before its client was told of the session does not count when the session was opened again: a member's own keeps
   * its id while it is not open.
   */
  #ends(golden: GoldenLog): LeaseRecord[] {
    const ends = new Map<string, LeaseRecord[]>();
    for (const command of golden.commands) {
      const { applied, atMs } = command;
      if (applied.type === "attached" && atMs <= (this.#told.get(applied.session) ?? 0))
        ends.delete(applied.session);
      for (const { id, reason } of endedBy(command, this.#sessionOf)) {
        // A further lease may end before its session does, which takes it along once more.
        if (!this.#told.has(id) || (this.#sessionOf.has(id) && ends.has(id))) continue;
        ends.set(id, [...(ends.get(id) ?? []), { kind: "lease-end", id, at_ns: toNs(atMs), reason }]);
      }
    }
    return [...ends.values()].flat();
  }

  #look(tracked: Tracked): void {
    const { believed, process } = tracked;
    const leftMs = believed.leftMs();
    if (!(leftMs > 0)) return;
    tracked.believedMs = this.#nowMs();
    const sinceMs = process.clock.now() + leftMs - believed.ttlMs * (1 - driftBound);
    if (sinceMs <= tracked.sinceMs + 1e-6) return;
    const isFirst = tracked.sinceMs === Number.NEGATIVE_INFINITY;
    tracked.sinceMs = sinceMs;
    // The first belief counts from the opening itself, which is in the grant.
    if (isFirst) return;
    const send_ns = toNs(process.worldMs(sinceMs));
    this.#records.push({ kind: "lease-touch", id: believed.id, send_ns, ack_ns: toNs(this.#nowMs()) });
  }

  #forgetEnded(process: ProcessClock, list: readonly Tracked[]): void {
    for (const tracked of list) if (tracked.hasEnded) this.#finish(tracked);
    this.#tracked.set(
      process,
      list.filter(({ hasEnded }) => !hasEnded),
    );
  }

  #finish({ believed, believedMs }: Tracked): void {
    if (believedMs < 0) return;
    this.#records.push({ kind: "believed-until", id: believed.id, until_ns: toNs(believedMs) });
  }
}

/** Leases that a command ended, whether they still stood or not. What a session takes along ends for its sake. */
function endedBy(
  { applied, command, result }: GoldenCommand,
  sessionOf: ReadonlyMap<string, string>,
): { id: string; reason: "expired" | "closed" }[] {
  if (applied.type === "expired") {
    const isTakenAlong = (id: string): boolean => applied.leases.includes(sessionOf.get(id) ?? "");
    return applied.leases.map((id) => ({ id, reason: isTakenAlong(id) ? "closed" : "expired" }));
  }
  if (command?.type !== "request" || result?.ok !== true) return [];
  const { operation, session } = command;
  if (operation.type === "revoke") return [{ id: operation.lease, reason: "closed" }];
  if (operation.type !== "close") return [];
  const taken = [...sessionOf].filter(([, owner]) => owner === session).map(([id]) => id);
  return [session, ...taken].map((id) => ({ id, reason: "closed" }));
}
