import type { Book } from "../book.ts";
import type { Play, Rare, Scope } from "../scope.ts";

/** What a scope says of itself. */
export interface Base {
  readonly name: string;
  readonly title: string;
  readonly begin: (book: Book) => Play;
  readonly budget?: Readonly<Partial<Record<Rare, number>>>;
  readonly deviations?: number;
}

/** Each at most so often; all together no more often than there may be deviations. */
const anything: Scope["budget"] = {
  hold: 2,
  stall: 1,
  abort: 1,
  crash: 1,
  break: 1,
  lose: 1,
  cut: 1,
  elect: 1,
};

/** Resolves when the signal fires. */
export function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve());
  });
}

/** Whoever asked somebody to give up has taken that back by now. */
export function nobodyAsks(book: Book, base: string): NonNullable<Play["after"]> {
  return async ({ coord }) => {
    const page = await coord.session.childNodes(`${base}/asked`);
    // Empty containers are taken away, which is not modelled.
    const asked = (page?.children ?? []).filter(({ node }) => (node?.stat.numChildren ?? 0) > 0);
    if (asked.length > 0) book.broken("NothingIsLeft", { base, asked: asked.map(({ name }) => name) });
  };
}

/** The same scope where clients are elsewhere, within their member, at members that may be behind, or hear one thing at a time. */
export function everywhere({ name, title, begin, budget = anything, deviations = 2 }: Base): Scope[] {
  const plain = { title, begin, budget, deviations, members: 1, isInside: false, bursts: true };
  return [
    { ...plain, name },
    { ...plain, name: `${name}@inside`, isInside: true },
    { ...plain, name: `${name}@behind`, members: 2 },
    { ...plain, name: `${name}@apart`, bursts: false },
  ];
}
