import type { Session } from "@flotilla/coord/client";
import type { LeaseRecord } from "@flotilla/history";
import type { GoldenCommand, GoldenLog } from "../world/golden-log.ts";
import type { ProcessClock } from "./process-clock.ts";

const driftBound = 0.02;
const nsPerMs = 1e6;

/** Whole nanoseconds of virtual milliseconds. */
export function toNs(ms: number): number {
  return Math.round(ms * nsPerMs);
}

interface Tracked {
  readonly session: Session;
  readonly process: ProcessClock;
  sinceMs: number;
  believedMs: number;
  hasEnded: boolean;
}

/** How long sessions were believed in, and how long they lasted. */
export class LeaseBook {
  readonly #nowMs: () => number;
  readonly #records: LeaseRecord[] = [];
  /** When each session's client was told that it is open. */
  readonly #told = new Map<string, number>();
  readonly #tracked = new Map<ProcessClock, Tracked[]>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** A session is open; its opening was sent at `openedMs` at the earliest. */
  opened(session: Session, process: ProcessClock, openedMs: number): void {
    this.#told.set(session.id, this.#nowMs());
    this.#records.push({ kind: "lease", id: session.id, ttl_ms: session.ttlMs, send_ns: toNs(openedMs) });
    const list = this.#tracked.get(process) ?? [];
    const tracked: Tracked = {
      session,
      process,
      sinceMs: Number.NEGATIVE_INFINITY,
      believedMs: -1,
      hasEnded: session.signal.aborted,
    };
    const ended = (): void => {
      tracked.hasEnded = true;
    };
    session.signal.addEventListener("abort", ended, { once: true });
    list.push(tracked);
    this.#tracked.set(process, list);
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

  /** An end before its client was told of the session does not count when the session was opened again. */
  #ends(golden: GoldenLog): LeaseRecord[] {
    const ends = new Map<string, LeaseRecord[]>();
    for (const command of golden.commands) {
      const { applied, atMs } = command;
      if (applied.type === "attached" && atMs <= (this.#told.get(applied.session) ?? 0))
        ends.delete(applied.session);
      for (const { id, reason } of endedBy(command)) {
        if (!this.#told.has(id)) continue;
        ends.set(id, [...(ends.get(id) ?? []), { kind: "lease-end", id, at_ns: toNs(atMs), reason }]);
      }
    }
    return [...ends.values()].flat();
  }

  #look(tracked: Tracked): void {
    const { session, process } = tracked;
    const leftMs = session.lease.expiresIn;
    if (!(leftMs > 0)) return;
    tracked.believedMs = this.#nowMs();
    const sinceMs = process.clock.now() + leftMs - session.ttlMs * (1 - driftBound);
    if (sinceMs <= tracked.sinceMs + 1e-6) return;
    const isFirst = tracked.sinceMs === Number.NEGATIVE_INFINITY;
    tracked.sinceMs = sinceMs;
    // The first belief counts from the opening itself, which is in the grant.
    if (isFirst) return;
    const send_ns = toNs(process.worldMs(sinceMs));
    this.#records.push({ kind: "lease-touch", id: session.id, send_ns, ack_ns: toNs(this.#nowMs()) });
  }

  #forgetEnded(process: ProcessClock, list: readonly Tracked[]): void {
    for (const tracked of list) if (tracked.hasEnded) this.#finish(tracked);
    this.#tracked.set(
      process,
      list.filter(({ hasEnded }) => !hasEnded),
    );
  }

  #finish({ session, believedMs }: Tracked): void {
    if (believedMs < 0) return;
    this.#records.push({ kind: "believed-until", id: session.id, until_ns: toNs(believedMs) });
  }
}

/** The sessions' own leases that a command ended. */
function endedBy({
  applied,
  command,
  result,
}: GoldenCommand): { id: string; reason: "expired" | "closed" }[] {
  if (applied.type === "expired") return applied.leases.map((id) => ({ id, reason: "expired" }));
  const closes = command?.type === "request" && command.operation.type === "close" && result?.ok === true;
  return closes ? [{ id: command.session, reason: "closed" }] : [];
}
