import type { Acl, BudgetInfo, ChildrenPage, Identity, Machine, Past, WatchTable } from "@flotilla/kv";
import { openAcl, permissions, permits, shownAcl } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { NodeStatus } from "../client/status-api.ts";
import type { Answer, ChildNode, PastQuery, Query } from "../wire/messages.ts";

/** Bytes of the nodes in one page of children, the last of them besides. */
const nodesBytes = 524_288;
/** Share of one of them besides its value. */
const overheadBytes = 256;
/** UTF-16 units of the names in one page of children: at most 3 MiB of UTF-8. */
const namesLength = 1_048_576;

/** What answers come from. */
export interface AnswerSource {
  readonly machine: Machine;
  readonly status: () => NodeStatus;
  /** The sessions at hand. */
  readonly sessions: { readonly watches: Pick<WatchTable<unknown>, "within"> };
}

/**
 * What the state machine at hand answers now to whoever asks. A query that cannot be asked, or not by them, gets an
 * error as its answer.
 */
export function answerQuery(
  { machine, status, sessions }: AnswerSource,
  query: Query,
  identities: readonly Identity[],
): Answer {
  if (!isAllowed(machine, query, identities)) return denied;
  try {
    switch (query.type) {
      case "acl":
        return aclOf(machine, query.path, identities);
      case "child-nodes":
        return childNodes(machine, query, identities);
      case "budget":
        return { type: "budget", budget: withWatches(machine.budgets.get(query.path), sessions) };
      case "budgets": {
        const { budgets, next } = machine.budgets.page(query.path, query.after, query.limit);
        const seen = budgets.filter(({ path }) => mayRead(machine.acl(path), identities));
        return { type: "budgets", budgets: seen.map((each) => withWatches(each, sessions)), next };
      }
      default:
        return ask(machine, query, status);
    }
  } catch (error) {
    return errorAnswer(error);
  }
}

/** True for a query whose answer may take a turn's time: a page may be long, and the past is found among all changes. */
export function mayTakeLong({ type }: Query): boolean {
  return type === "children" || type === "child-nodes" || type === "past";
}

/** To a linearizable read that no leader vouched for. */
export const unconfirmed: Answer = {
  type: "error",
  code: "ERR_FLOTILLA_NO_QUORUM",
  message: "no leader confirmed the read in time",
};

const denied: Answer = {
  type: "error",
  code: "ERR_FLOTILLA_NO_AUTH",
  message: "the access list of the node does not grant this",
};

function isAllowed(machine: Machine, query: Query, identities: readonly Identity[]): boolean {
  switch (query.type) {
    case "get":
    case "exists":
    case "children":
    case "child-nodes":
    case "usage":
    case "budget":
      return mayRead(machine.acl(query.path), identities);
    case "acl":
      return permits(machine.acl(query.path) ?? openAcl, identities, permissions.read | permissions.admin);
    case "past":
      return machine.past.permits(query.query.path, identities);
    case "changes":
      return machine.past.permits(query.path, identities);
    default:
      return true;
  }
}

/** Whether a caller may read a node with this list; absent and null: everybody may. */
export function mayRead(acl: Acl | null | undefined, identities: readonly Identity[]): boolean {
  return acl === null || acl === undefined || permits(acl, identities, permissions.read);
}

/** With the watches at this server, where they are bounded. */
function withWatches<B extends BudgetInfo | null>(info: B, { watches }: AnswerSource["sessions"]): B {
  if (info?.budget.watches === undefined) return info;
  return { ...info, used: { ...info.used, watches: watches.within(info.path) } };
}

function aclOf(machine: Machine, path: string, identities: readonly Identity[]): Answer {
  const acl = machine.acl(path);
  return { type: "acl", acl: acl && shownAcl(acl, identities), stat: machine.exists(path) };
}

function ask(
  machine: Machine,
  query: Exclude<Query, { type: "acl" | "child-nodes" | "budget" | "budgets" }>,
  status: () => NodeStatus,
): Answer {
  switch (query.type) {
    case "get":
      return { type: "node", node: machine.get(query.path) };
    case "exists":
      return { type: "stat", stat: machine.exists(query.path) };
    case "children":
      return childrenOf(machine, query.path, query.after, query.limit);
    case "past":
      return past(machine, query);
    case "changes": {
      const { path, before, limit } = query;
      return {
        type: "changes",
        ...machine.past.changes(path, before === null ? { limit } : { before, limit }),
      };
    }
    case "usage":
      return { type: "usage", usage: machine.usage(query.path) };
    case "sessions":
      return { type: "sessions", ...machine.sessionsPage(query.after, query.limit) };
    case "leases":
      return { type: "leases", ...machine.leasesPage(query.after, query.limit) };
    case "sync":
      return { type: "done" };
    default:
      return { type: "status", status: status() };
  }
}

/** The answer to a query that failed. @throws whatever is not a `FlotillaError` */
function errorAnswer(error: unknown): Answer {
  if (!FlotillaError.is(error)) throw error;
  return { type: "error", code: error.code, message: error.message.slice(0, 1_000) };
}

function childrenOf(machine: Machine, path: string, after: string | null, limit: number): Answer {
  return pageAnswer(machine.children(path, after === null ? { limit } : { after, limit }));
}

function pageAnswer(page: ChildrenPage | null): Answer {
  return page === null
    ? { type: "children", names: null, next: null }
    : { type: "children", ...fitting(page) };
}

function past(machine: Machine, { revision, query }: PastQuery): Answer {
  switch (query.type) {
    case "get":
      return answerPast(machine.past.get(query.path, revision), (node) => ({ type: "node", node }));
    case "exists": {
      const read = machine.past.get(query.path, revision);
      return answerPast(read, (node) => ({ type: "stat", stat: node?.stat ?? null }));
    }
    default: {
      const { path, after, limit } = query;
      const options = after === null ? { limit } : { after, limit };
      return answerPast(machine.past.children(path, revision, options), pageAnswer);
    }
  }
}

function answerPast<T>(read: Past<T>, answer: (found: T) => Answer): Answer {
  if (read.type === "found") return answer(read.found);
  if (read.type === "compacted") return read;
  const message = `the last revision is ${read.revision}`;
  return { type: "error", code: "ERR_FLOTILLA_AHEAD", message };
}

/** The part of a page that fits into one frame. */
function fitting(page: ChildrenPage): ChildrenPage {
  let length = 0;
  for (const [position, name] of page.names.entries()) {
    length += name.length + 8;
    const previous = page.names[position - 1];
    if (length > namesLength && previous !== undefined)
      return { names: page.names.slice(0, position), next: previous };
  }
  return page;
}

/** A page of children with those nodes that the caller may read, as much as fits into one frame. */
function childNodes(
  machine: Machine,
  { path, after, limit }: Extract<Query, { type: "child-nodes" }>,
  identities: readonly Identity[],
): Answer {
  const page = machine.children(path, after === null ? { limit } : { after, limit });
  if (page === null) return { type: "child-nodes", children: null, next: null };
  const children: ChildNode[] = [];
  let bytes = 0;
  for (const name of page.names) {
    if (bytes > nodesBytes) return { type: "child-nodes", children, next: children.at(-1)?.name ?? null };
    const child = path === "/" ? `/${name}` : `${path}/${name}`;
    const node = mayRead(machine.acl(child), identities) ? machine.get(child) : null;
    bytes += overheadBytes + name.length * 3 + (node?.value.length ?? 0);
    children.push({ name, node });
  }
  return { type: "child-nodes", children, next: page.next };
}
