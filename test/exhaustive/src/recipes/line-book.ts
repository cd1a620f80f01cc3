import type { Machine, Node, TreeEvent } from "@flotilla/kv";
import type { Book } from "./book.ts";

interface Waiter {
  readonly name: string;
  readonly priority: number;
  readonly permits: number;
  readonly places: number;
  readonly czxid: number;
  readonly isGranted: boolean;
}

interface LineState {
  readonly holders: readonly string[];
  readonly waiters: ReadonlyMap<string, Waiter>;
}

const nobody: LineState = { holders: [], waiters: new Map() };
const linePath =
  /^\/(?<base>(?:election|lock|semaphore|read-write-lock|queue)\/[^/]+)\/(?:grant|line\/(?<waiter>[^/]+))$/;

function json({ value }: Node): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(value)) as Record<string, unknown>;
}

function waiterIn(name: string, node: Node): Waiter {
  const { priority, permits, places, granted } = json(node) as Record<string, number | boolean | undefined>;
  return {
    name,
    priority: Number(priority),
    permits: Number(permits),
    places: Number(places),
    czxid: node.stat.czxid,
    isGranted: granted === true,
  };
}

function holdersIn(node: Node | null): string[] {
  if (node === null) return [];
  const { holders } = json(node) as { holders: readonly { readonly name: string }[] };
  return holders.map(({ name }) => name);
}

function grantedIn({ waiters }: LineState): Waiter[] {
  return [...waiters.values()].filter(({ isGranted }) => isGranted);
}

/** Who stands in line and who holds, by the tree alone, after each command. */
export class LineBook {
  readonly #book: Book;
  readonly #isFair: boolean;
  readonly #lines = new Map<string, LineState>();

  /** @param isFair places are granted in the order of the line */
  constructor(book: Book, isFair: boolean) {
    this.#book = book;
    this.#isFair = isFair;
  }

  /** What one command changed. */
  changed(events: readonly TreeEvent[]): void {
    const before = new Map<string, LineState>();
    for (const event of events) {
      const { base, waiter } = linePath.exec(event.path)?.groups ?? {};
      if (base === undefined) continue;
      const line = this.#lines.get(base) ?? nobody;
      if (!before.has(base)) before.set(base, line);
      this.#lines.set(base, after(line, waiter, event.node));
    }
    for (const [base, line] of before) this.#judge(base, line, this.#lines.get(base) ?? nobody);
  }

  /**
   * Everybody has given up what it held or waited for: nothing is left.
   * @param isBroken sessions ended otherwise, and a record may name who is gone
   */
  judgeRest(tree: Machine, isBroken: boolean): void {
    for (const [base, { waiters }] of this.#lines) {
      // Takers hand out for as long as they live.
      if (base.startsWith("queue/")) continue;
      const record = !isBroken && tree.get(`/${base}/grant`) !== null;
      if (waiters.size > 0 || record)
        this.#book.broken("NothingIsLeft", { base, waiters: [...waiters.keys()], record });
    }
  }

  #judge(base: string, old: LineState, now: LineState): void {
    const granted = grantedIn(now);
    const taken = granted.reduce((sum, { permits }) => sum + permits, 0);
    if (taken > (granted[0]?.places ?? 0)) this.#book.broken("PlacesInLine", { base, taken });
    for (const { name } of granted)
      if (!now.holders.includes(name)) this.#book.broken("GrantsAreRecorded", { base, name });
    const before = new Set(grantedIn(old).map(({ name }) => name));
    if (!this.#isFair) return;
    for (const fresh of granted) if (!before.has(fresh.name)) this.#judgeTurn(base, now, fresh);
  }

  #judgeTurn(base: string, { waiters }: LineState, fresh: Waiter): void {
    for (const other of waiters.values()) {
      const isEarlier = other.priority >= fresh.priority && other.czxid < fresh.czxid;
      if (!other.isGranted && isEarlier && other.places === fresh.places)
        this.#book.broken("FirstComeFirstServed", { base, granted: fresh.name, before: other.name });
    }
  }
}

function after(line: LineState, waiter: string | undefined, node: Node | null): LineState {
  if (waiter === undefined) return { ...line, holders: holdersIn(node) };
  const waiters = new Map(line.waiters);
  if (node === null) waiters.delete(waiter);
  else waiters.set(waiter, waiterIn(waiter, node));
  return { ...line, waiters };
}
