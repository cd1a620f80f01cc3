import type { Node } from "@flotilla/kv";
import type { Clock, Timer } from "@flotilla/runtime";
import type { Port } from "../ports/port.ts";
import type { Answer, ServerMessage } from "../wire/messages.ts";
import type { Stint } from "./stint.ts";

/** Bytes a slow client may have outstanding before the server stops sending it events and answers. */
const highWaterBytes = 1_048_576;
/** Bytes outstanding at which it goes on with events: what is sent past them, as answers to renewals, comes soon. */
const lowWaterBytes = 262_144;
/** Bytes outstanding, or answers held, at which a client that asks without reading is let go. */
const mostBytes = 16_777_216;
const mostHeld = 4_096;
/** More than what a client of ours may have asked for at a time: 400 reads of the largest value. */
const mostHeldBytes = 536_870_912;
/** Entries of pages besides values, as of changes or sessions: more than 400 full pages of them. */
const mostHeldEntries = 524_288;
/** Share of one message, event or node besides values and texts. */
const overheadBytes = 64;
/** What one entry of a page is in memory. */
const entryBytes = 160;
const pollMs = 10;
/**
 * A client that takes nothing for so long is let go, ms: what it is being told of keeps memory. Over a slow link nothing
 * is seen to be taken before all of one write is, which may come to a few of the largest values.
 */
const mostStillMs = 600_000;
const stepsPerTurn = 16;

/** Of an outlet that held nothing yet: most never do. Nothing is ever put into it. */
const nothingHeld: ServerMessage[] = [];

/** Events that still have to be told before any answer. */
export interface Backlog {
  readonly isBehind: boolean;
  /** Tells a bounded part of them. */
  advance(): void;
}

/**
 * What leaves through one port. Answers wait, in order, while the client is slow or has not been told all events up
 * to now: so no answer shows a revision before its event. At most what the client asked for is held.
 */
export class Outlet {
  readonly #port: Port<ServerMessage>;
  readonly #clock: Pick<Clock, "now" | "setTimer">;
  readonly #stint: Pick<Stint, "queue" | "take">;
  #backlog: Backlog | undefined;
  #held = nothingHeld;
  #heldBytes = 0;
  #heldEntries = 0;
  #timer: Timer | undefined;
  /** The least that was outstanding since it was stopped, and since when; null while it goes on. */
  #still: { readonly bytes: number; readonly sinceMs: number } | null = null;
  #scheduled = false;
  #closed = false;

  constructor(
    port: Port<ServerMessage>,
    clock: Pick<Clock, "now" | "setTimer">,
    stint: Pick<Stint, "queue" | "take">,
  ) {
    this.#port = port;
    this.#clock = clock;
    this.#stint = stint;
  }

  /** The client is slow: nothing more until it took some. */
  get isBlocked(): boolean {
    return this.#port.bufferedBytes > highWaterBytes;
  }

  /** An answer would leave at once: nothing goes before it. */
  get isClear(): boolean {
    return this.#held.length === 0 && !this.#isBehind && !this.isBlocked;
  }

  /** Names what goes before answers. */
  follow(backlog: Backlog): void {
    this.#backlog = backlog;
  }

  /** At once, past everything held. */
  send(message: ServerMessage): void {
    if (this.#port.bufferedBytes > mostBytes) this.close("the client does not read");
    else this.#port.send(message);
  }

  /** In order of the calls, after every event up to now. */
  answer(message: ServerMessage): void {
    if (this.#closed) return;
    if (this.isClear) {
      this.#port.send(message);
      return;
    }
    this.#count(message, 1);
    if (this.#isTooMuch) {
      this.close("the client does not read");
      return;
    }
    if (this.#held === nothingHeld) this.#held = [message];
    else this.#held.push(message);
    this.wake();
  }

  /** Goes on as soon as the client can take more. */
  wake(): void {
    if (this.#closed || this.#scheduled || this.#timer !== undefined) return;
    if (this.#isStopped) {
      if (this.#stillMs() >= mostStillMs) {
        this.close("the client does not read");
        return;
      }
      this.#timer = this.#clock.setTimer(pollMs, () => {
        this.#timer = undefined;
        this.wake();
      });
      return;
    }
    this.#still = null;
    this.#scheduled = true;
    this.#stint.queue(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  /** Drops what is held and ends the port after what was sent. */
  close(reason: string): void {
    this.#closed = true;
    this.#held = nothingHeld;
    this.#timer?.cancel();
    this.#port.close(reason);
  }

  /** How long the client has taken nothing, ms. */
  #stillMs(): number {
    const nowMs = this.#clock.now();
    const { bufferedBytes: bytes } = this.#port;
    if (this.#still === null || bytes < this.#still.bytes) this.#still = { bytes, sinceMs: nowMs };
    return nowMs - this.#still.sinceMs;
  }

  get #isTooMuch(): boolean {
    return (
      this.#held.length >= mostHeld || this.#heldBytes > mostHeldBytes || this.#heldEntries > mostHeldEntries
    );
  }

  #count(message: ServerMessage, by: 1 | -1): void {
    this.#heldBytes += by * bytesOf(message);
    if (message.type === "read-result") this.#heldEntries += by * entriesOf(message.answer);
  }

  /** Nothing leaves before the client took some. */
  get #isStopped(): boolean {
    return this.#port.bufferedBytes > (this.#isBehind ? lowWaterBytes : highWaterBytes);
  }

  get #isBehind(): boolean {
    return this.#backlog?.isBehind ?? false;
  }

  /** One step in any case: that is what the turn was for. */
  #goesOn(steps: number): boolean {
    return steps === 0 || (steps < stepsPerTurn && this.#stint.take(true));
  }

  #flush(): void {
    if (this.#closed) return;
    let steps = 0;
    while (this.#isBehind && !this.#isStopped && this.#goesOn(steps)) {
      this.#backlog?.advance();
      steps += 1;
    }
    let sent = 0;
    while (
      sent < this.#held.length &&
      !this.#isBehind &&
      !this.isBlocked &&
      (sent === 0 || this.#stint.take(false))
    ) {
      const message = this.#held[sent];
      if (message !== undefined) {
        this.#count(message, -1);
        this.send(message);
      }
      sent += 1;
    }
    this.#held.splice(0, sent);
    if (this.#held.length > 0 || this.#isBehind) this.wake();
  }
}

/** Bytes of the values and results that a message keeps alive, and a little for itself. */
export function bytesOf(message: ServerMessage): number {
  switch (message.type) {
    case "result":
      return overheadBytes + message.result.length;
    case "read-result":
      return overheadBytes + answerBytes(message.answer);
    case "events":
      return message.events.reduce(
        (sum, event) => sum + nodeBytes(event) + (message.previous ? valueBytes(event.previous) : 0),
        overheadBytes,
      );
    case "snapshot":
      return message.nodes.reduce((sum, entry) => sum + nodeBytes(entry), overheadBytes);
    default:
      return overheadBytes;
  }
}

function answerBytes(answer: Answer): number {
  switch (answer.type) {
    case "node":
      return answer.node?.value.length ?? 0;
    case "child-nodes":
      return (answer.children ?? []).reduce(
        (sum, { name, node }) => sum + overheadBytes + name.length * 2 + valueBytes(node),
        0,
      );
    case "budgets":
      return answer.budgets.reduce((sum, { path }) => sum + entryBytes + path.length * 2, 0);
    case "children":
      return (answer.names ?? []).reduce((sum, name) => sum + name.length * 2, 0);
    default:
      return entriesOf(answer) * entryBytes;
  }
}

/** Of a page whose entries are what it keeps alive. */
function entriesOf(answer: Answer): number {
  switch (answer.type) {
    case "changes":
      return answer.changes.length;
    case "sessions":
      return answer.sessions.length;
    case "leases":
      return answer.leases.length;
    case "budgets":
      return answer.budgets.length;
    case "acl":
      return answer.acl?.length ?? 0;
    default:
      return 0;
  }
}

function nodeBytes({ path, node }: { readonly path: string; readonly node: Node | null }): number {
  return overheadBytes + path.length * 2 + valueBytes(node);
}

function valueBytes(node: Node | null): number {
  return node?.value.length ?? 0;
}
