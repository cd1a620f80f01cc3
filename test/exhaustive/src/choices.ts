import { frees, rares } from "./scope.ts";
import type { Free, Rare, Scope } from "./scope.ts";

/** One thing that may happen next. */
export interface Choice {
  readonly number: number;
  readonly text: string;
  readonly kind: Free | Rare;
  /** Where what happened so often is counted; -1: it is free. */
  readonly counted: number;
  /** Members by number; `other` is -1 where there is none. */
  readonly member: number;
  readonly other: number;
  /** Which message, or which change. */
  readonly at: number;
  readonly lost: boolean;
}

type Draft = Omit<Choice, "number" | "counted">;

/** How far a message may be overtaken. */
const farthest = 2;

function onLinks(ids: readonly string[], kinds: readonly (Free | Rare)[]): Draft[] {
  const found: Draft[] = [];
  for (const kind of kinds)
    for (const [other, from] of ids.entries())
      for (const [member, to] of ids.entries()) {
        if (member === other) continue;
        for (let at = kind === "overtake" ? 1 : 0; at <= (kind === "overtake" ? farthest : 0); at += 1)
          found.push({
            text: `${kind} ${from}>${to}${at > 0 ? ` ${at}` : ""}`,
            kind,
            member,
            other,
            at,
            lost: false,
          });
      }
  return found;
}

function ofMember(scope: Scope, ids: readonly string[], kind: Free | Rare, member: number): Draft[] {
  const id = ids[member] ?? "";
  const plain: Draft = { text: `${kind} ${id}`, kind, member, other: -1, at: 0, lost: false };
  switch (kind) {
    case "pass":
      return member === 0 ? [{ ...plain, text: kind }] : [];
    case "reboot":
      return [plain, { ...plain, text: `${kind} ${id} lost`, lost: true }];
    case "transfer":
      return ids.flatMap((to, other) =>
        other === member ? [] : [{ ...plain, text: `${kind} ${id}>${to}`, other }],
      );
    case "relink":
      return ids.flatMap((to, other) =>
        other <= member ? [] : [{ ...plain, text: `${kind} ${id}-${to}`, other }],
      );
    case "change":
      return scope.changes.map(({ name }, at) => ({ ...plain, text: `${kind} ${id} ${name}`, at }));
    default:
      return [plain];
  }
}

/** Everything that may ever happen in a scope, what is free first; the order is that of the default schedule. */
export function choicesOf(scope: Scope, ids: readonly string[]): readonly Choice[] {
  const members = (kind: Free | Rare): Draft[] =>
    ids.flatMap((_, member) => ofMember(scope, ids, kind, member));
  const linked: readonly (Free | Rare)[] = ["deliver", "overtake", "drop", "repeat"];
  const drafts = [...frees, ...rares].flatMap((kind) =>
    linked.includes(kind) ? onLinks(ids, [kind]) : members(kind),
  );
  return drafts.map((draft, number) => ({
    ...draft,
    number,
    counted: rares.findIndex((kind) => kind === draft.kind),
  }));
}
