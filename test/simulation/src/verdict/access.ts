import type { Acl, Identity, Operation, Result } from "@flotilla/kv";
import { openAcl, parentOf, permissions } from "@flotilla/kv";
import type { AclReadRecord, Ledger } from "../actors/ledger.ts";
import { hasList } from "../actors/paths.ts";
import type { Findings } from "../world/findings.ts";
import type { GoldenLog } from "../world/golden-log.ts";

/** The list of a node after so many commands; null: there is no node. */
interface Turn {
  readonly after: number;
  readonly acl: Acl | null;
}

/** Access lists as the log tells them. */
class Lists {
  readonly #turns = new Map<string, Turn[]>();

  at(path: string): Acl | null {
    if (path === "/") return openAcl;
    return this.#turns.get(path)?.at(-1)?.acl ?? null;
  }

  put(path: string, acl: Acl | null, after: number): void {
    const turns = this.#turns.get(path) ?? [];
    turns.push({ after, acl });
    this.#turns.set(path, turns);
  }

  /** All that there were at some moment of a span. */
  during(path: string, from: number, to: number): (Acl | null)[] {
    const turns = this.#turns.get(path) ?? [];
    const before = turns.findLast(({ after }) => after <= from)?.acl ?? null;
    return [before, ...turns.filter(({ after }) => after > from && after <= to).map(({ acl }) => acl)];
  }
}

function may(acl: Acl, callers: readonly Identity[], wanted: number): boolean {
  return acl.some(
    ({ scheme, id, permissions: granted }) =>
      (granted & wanted) !== 0 &&
      (scheme === "world" || callers.some((caller) => caller.scheme === scheme && caller.id === id)),
  );
}

/** What a list comes to that names its maker. */
function settled(acl: Acl, callers: readonly Identity[]): Acl {
  return acl.flatMap((entry) =>
    entry.scheme === "auth"
      ? callers.map(({ id }) => ({ scheme: "digest" as const, id, permissions: entry.permissions }))
      : [entry],
  );
}

/** Whose list is asked, and for what; null where access is no question. */
function asked(operation: Operation): { readonly node: string; readonly wanted: number } | null {
  switch (operation.type) {
    case "create":
      return { node: parentOf(operation.path), wanted: permissions.create };
    case "delete":
      return { node: parentOf(operation.path), wanted: permissions.delete };
    case "set":
      return { node: operation.path, wanted: permissions.write };
    case "set-acl":
      return { node: operation.path, wanted: permissions.admin };
    default:
      return null;
  }
}

type Listed = Extract<Operation, { readonly path: string }>;

function isListed(operation: Operation): operation is Listed {
  return "path" in operation && hasList(operation.path);
}

/** What a command that was done did to lists. */
function take(lists: Lists, operation: Listed, callers: readonly Identity[], after: number): void {
  const { type, path } = operation;
  if (type === "create" || type === "set-acl")
    lists.put(path, settled(operation.acl ?? openAcl, callers), after);
  else if (type === "delete") lists.put(path, null, after);
}

/** What somebody is shown of a node with this list. */
function shownBy(acl: Acl | null, callers: readonly Identity[]): AclReadRecord["shown"] {
  if (acl === null) return "absent";
  return may(acl, callers, permissions.read) ? "node" : "refused";
}

interface Judged {
  readonly golden: Pick<GoldenLog, "commands">;
  readonly ledger: Pick<Ledger, "identities" | "aclReads">;
  readonly findings: Pick<Findings, "later">;
}

/** Nobody did what a list forbade or was refused what it allowed, and sessions are known as who they are. */
export function judgeAccess({ golden, ledger, findings }: Judged): void {
  const lists = new Lists();
  for (const [at, { command, result }] of golden.commands.entries()) {
    if (command?.type !== "request" || result === null || !isListed(command.operation)) continue;
    const { session, operation, identities = [] } = command;
    const callers = identities.filter(({ scheme }) => scheme === "digest");
    const known = ledger.identities.get(session);
    if (known !== undefined && callers.map(({ id }) => id).join() !== known.map(({ id }) => id).join())
      findings.later("AccessKept", `${session} was taken for ${JSON.stringify(callers)}`);
    const wrong = wrongly(lists, operation, callers, result);
    if (wrong)
      findings.later("AccessKept", `${session} ${JSON.stringify(operation)}: ${JSON.stringify(result)}`);
    if (result.ok) take(lists, operation, callers, at + 1);
  }
  for (const { session, path, shown, from, to } of ledger.aclReads) {
    const callers = ledger.identities.get(session) ?? [];
    const during = lists.during(path, from, to);
    if (during.some((acl) => shownBy(acl, callers) === shown)) continue;
    findings.later("AccessKept", `${session} was shown ${shown} of ${path} with ${JSON.stringify(during)}`);
  }
}

function wrongly(lists: Lists, operation: Listed, callers: readonly Identity[], result: Result): boolean {
  const question = asked(operation);
  if (question === null) return false;
  const acl = lists.at(question.node);
  const isAllowed = acl === null || may(acl, callers, question.wanted);
  return result.ok ? !isAllowed : result.code === "ERR_FLOTILLA_NO_AUTH" && isAllowed;
}
