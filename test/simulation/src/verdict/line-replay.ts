import type { Node, TreeEvent } from "@flotilla/kv";

/** Somebody in line. */
export interface Waiter {
  readonly name: string;
  readonly priority: number;
  readonly permits: number;
  readonly places: number;
  readonly czxid: number;
  /** Once granted: its epoch. */
  readonly mzxid: number;
}

export interface Grantee {
  readonly name: string;
  readonly id: string;
  readonly value: string;
}

/** Who holds, as the record says. */
export interface GrantRecord {
  readonly holders: readonly Grantee[];
  readonly permits: number;
  readonly mzxid: number;
}

/** The state of one name at some revision. */
export interface LineState {
  readonly record: GrantRecord | null;
  readonly waiters: ReadonlyMap<string, Waiter>;
}

const nobody: LineState = { record: null, waiters: new Map() };
const linePath =
  /^\/(election|lock|semaphore|read-write-lock)\/([^/]+)\/(?:(?<grant>grant)|line\/(?<waiter>[^/]+))$/;

/** Those in the record whose nodes stand, in its order. */
export function holdersOf({ record, waiters }: LineState): Waiter[] {
  return (record?.holders ?? []).flatMap(({ name }) => waiters.get(name) ?? []);
}

/** The lines of everything that is held, as events tell them. */
export class LineReplay {
  readonly #lines = new Map<string, LineState>();

  /** Of a name such as `lock/l0`. */
  line(name: string): LineState {
    return this.#lines.get(name) ?? nobody;
  }

  /** The name that an event is about; null when it is about none. */
  take({ path, node }: TreeEvent): string | null {
    const found = linePath.exec(path);
    if (found === null) return null;
    const name = `${found[1] ?? ""}/${found[2] ?? ""}`;
    const line = this.line(name);
    const waiter = found.groups?.["waiter"];
    this.#lines.set(
      name,
      waiter === undefined ? { ...line, record: recordIn(node) } : withWaiter(line, waiter, node),
    );
    return name;
  }
}

function withWaiter(line: LineState, name: string, node: Node | null): LineState {
  const waiters = new Map(line.waiters);
  if (node === null) waiters.delete(name);
  else {
    const { priority, permits, places } = json(node) as Pick<Waiter, "priority" | "permits" | "places">;
    const { czxid, mzxid } = node.stat;
    waiters.set(name, { name, priority, permits, places, czxid, mzxid });
  }
  return { ...line, waiters };
}

function recordIn(node: Node | null): GrantRecord | null {
  if (node === null) return null;
  const { holders, permits } = json(node) as Pick<GrantRecord, "holders" | "permits">;
  return { holders, permits, mzxid: node.stat.mzxid };
}

function json({ value }: Node): unknown {
  return JSON.parse(new TextDecoder().decode(value));
}
