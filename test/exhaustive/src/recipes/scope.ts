import type { Book } from "./book.ts";
import type { Me } from "./me.ts";
import type { Process } from "./process.ts";

/** What leaves the default order, or befalls somebody. */
export type Rare =
  /** What would happen next waits until nothing else can happen. */
  | "hold"
  /** The same, and for a second at least. */
  | "stall"
  /** A call under way is given up. */
  | "abort"
  /** A process is gone; its session ends in time. */
  | "crash"
  /** A connection breaks: what the member said is lost. */
  | "break"
  /** A connection breaks, and all that is on it is lost. */
  | "lose"
  /** The same, and there is no other until it is healed, at the latest when the session is over. */
  | "cut"
  /** Who leads does so no more, and soon the next one does. */
  | "elect";

/** What follows of what was chosen before, at any time. */
export type Following = "let" | "heal";

export const rares: readonly Rare[] = ["hold", "stall", "abort", "crash", "break", "lose", "cut", "elect"];

/** What one client does. It may fail only by what befell it. */
export type Script = (me: Me) => Promise<void>;

/** One run of a scope. */
export interface Play {
  /** Of clients a, b, c and so on. */
  readonly scripts: readonly Script[];
  /** What the first of them does before all of it, in the default order. */
  readonly before?: (first: Process) => Promise<unknown>;
  /** Whether whoever still waits in the end, by id, may: it is made to give up then. Default: nobody may. */
  readonly mayWait?: (waiting: readonly string[]) => boolean;
  /** Places are not granted in the order of the line. Default false. */
  readonly isOutOfTurn?: boolean;
  /** Looks at what is left in the end. */
  readonly after?: (last: Process) => Promise<void>;
}

/** A few clients that do something, and how much may come between. */
export interface Scope {
  readonly name: string;
  /** What it is about, in a few words. */
  readonly title: string;
  readonly begin: (book: Book) => Play;
  /** 1, or 2: of those that do not lead, which may be behind. */
  readonly members: number;
  /** Clients are within the process of their member. */
  readonly isInside: boolean;
  /** What was sent together is heard in one go. */
  readonly bursts: boolean;
  /** How often each may happen. */
  readonly budget: Readonly<Partial<Record<Rare, number>>>;
  /** How often something may happen that is not the default. */
  readonly deviations: number;
}

/** A choice other than the default, by the number of the step. */
export interface Deviation {
  readonly at: number;
  readonly text: string;
}

export function isFollowing(text: string): boolean {
  return text.startsWith("let ") || text.startsWith("heal ");
}

/** A promise that was broken. */
export interface Violation {
  readonly invariant: string;
  readonly facts: Readonly<Record<string, unknown>>;
}
