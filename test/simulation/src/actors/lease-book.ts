import type { Session } from "@flotilla/coord/client";
import type { LeaseRecord } from "@flotilla/history";
import type { GoldenLog } from "../world/golden-log.ts";
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
}

/** How long sessions were believed in, and how long they lasted. */
export class LeaseBook {
  readonly #nowMs: () => number;
  readonly #records: LeaseRecord[] = [];
  readonly #known = new Set<string>();
  readonly #tracked = new Map<ProcessClock, Tracked[]>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** A session is open; its opening was sent at `openedMs` at the earliest. */
  opened(session: Session, process: ProcessClock, openedMs: number): void {
    this.#known.add(session.id);
    this.#records.push({ kind: "lease", id: session.id, ttl_ms: session.ttlMs, send_ns: toNs(openedMs) });
    const list = this.#tracked.get(process) ?? [];
    list.push({ session, process, sinceMs: Number.NEGATIVE_INFINITY, believedMs: -1 });
    this.#tracked.set(process, list);
  }

  /** The process just ran: notes what its sessions believe now. */
  ran(process: ProcessClock): void {
    const list = this.#tracked.get(process);
    if (list === undefined) return;
    for (const tracked of list) this.#look(tracked);
    if (list.some(({ session }) => session.signal.aborted)) this.#forgetEnded(process, list);
  }

  /** The process is gone. */
  died(process: ProcessClock): void {
    for (const tracked of this.#tracked.get(process) ?? []) this.#finish(tracked);
    this.#tracked.delete(process);
  }

  /** Everything, with the ends that the log tells of. */
  records(golden: GoldenLog): LeaseRecord[] {
    for (const process of this.#tracked.keys()) this.died(process);
    const ends: LeaseRecord[] = [];
    for (const { command, applied, result, atMs } of golden.commands) {
      const at_ns = toNs(atMs);
      if (applied.type === "expired") {
        for (const id of applied.leases) if (this.#known.has(id)) ends.push({ kind: "lease-end", id, at_ns, reason: "expired" });
      }
      const isClose = command?.type === "request" && command.operation.type === "close" && result?.ok === true;
      if (isClose && this.#known.has(command.session)) {
        ends.push({ kind: "lease-end", id: command.session, at_ns, reason: "closed" });
      }
    }
    return [...this.#records, ...ends];
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
    for (const tracked of list) if (tracked.session.signal.aborted) this.#finish(tracked);
    this.#tracked.set(
      process,
      list.filter(({ session }) => !session.signal.aborted),
    );
  }

  #finish({ session, believedMs }: Tracked): void {
    if (believedMs < 0) return;
    this.#records.push({ kind: "believed-until", id: session.id, until_ns: toNs(believedMs) });
  }
}
