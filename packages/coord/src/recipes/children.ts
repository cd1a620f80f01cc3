import type { Node } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { Session } from "../client/api.ts";
import type { ChildNodesPage, ReadOptions } from "../client/read-api.ts";

/** A child and its name. */
export interface NamedNode {
  readonly name: string;
  readonly node: Node;
}

/** The children of a node. */
export interface Children {
  /** Those that may be read, sorted by name. */
  readonly nodes: readonly NamedNode[];
  /** How many there are, with those that may not be read. */
  readonly count: number;
}

/** All children; none when there is no node. A page may be newer than the one before. */
export async function readChildren(
  session: Pick<Session, "childNodes">,
  path: string,
  options: ReadOptions,
): Promise<Children> {
  const nodes: NamedNode[] = [];
  let count = 0;
  for (let after: string | undefined; ;) {
    const page = await session.childNodes(path, { ...options, ...(after === undefined ? {} : { after }) });
    if (page === null) return { nodes, count };
    nodes.push(...readable(page));
    count += page.children.length;
    if (page.next === null) return { nodes, count };
    after = page.next;
  }
}

/** Those that may be read. */
export async function readNodes(
  session: Pick<Session, "childNodes">,
  path: string,
  options: ReadOptions,
): Promise<readonly NamedNode[]> {
  return (await readChildren(session, path, options)).nodes;
}

/** The same as of one moment, however many there are. */
export async function nodesAtOnce(
  session: Pick<Session, "childNodes" | "watch">,
  path: string,
  options: ReadOptions,
): Promise<readonly NamedNode[]> {
  const page = await session.childNodes(path, options);
  if (page === null) return [];
  if (page.next === null) return readable(page);
  const { signal, timeoutMs } = options;
  const bounds = {
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
  // The server at hand has by now what the page has shown.
  await using watch = await session.watch(path, { kind: "recursive", initial: true, once: true, ...bounds });
  for await (const event of watch) if (event.type === "snapshot") return childrenIn(event.nodes, path);
  signal?.throwIfAborted();
  throw new FlotillaError("ERR_FLOTILLA_CLOSED", `the session was closed while ${path} was read`);
}

function readable({ children }: ChildNodesPage): readonly NamedNode[] {
  return children.flatMap(({ name, node }) => (node === null ? [] : { name, node }));
}

function childrenIn(
  nodes: readonly { readonly path: string; readonly node: Node }[],
  path: string,
): readonly NamedNode[] {
  const below = nodes.filter((each) => each.path.startsWith(`${path}/`));
  const named = below.map((each) => ({ name: each.path.slice(path.length + 1), node: each.node }));
  return named.filter(({ name }) => !name.includes("/")).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
