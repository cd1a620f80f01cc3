import type { Node } from "@flotilla/kv";
import type { Session } from "../client/api.ts";
import type { ReadOptions } from "../client/read-api.ts";
import type { Calls } from "./patient.ts";

/** The names of all children, sorted; empty when there is no node. */
export async function readNames(
  calls: Pick<Calls, "children">,
  path: string,
  options: ReadOptions,
): Promise<readonly string[]> {
  const names: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await calls.children(path, { ...options, ...(after === undefined ? {} : { after }) });
    names.push(...(page?.names ?? []));
    if (page === null || page.next === null) return names;
    after = page.next;
  }
}

/** All children that may be read, with their nodes, sorted by name; empty when there is no node. */
export async function readNodes(
  session: Pick<Session, "childNodes">,
  path: string,
  options: ReadOptions,
): Promise<readonly { readonly name: string; readonly node: Node }[]> {
  const found: { readonly name: string; readonly node: Node }[] = [];
  for (let after: string | undefined; ;) {
    const page = await session.childNodes(path, { ...options, ...(after === undefined ? {} : { after }) });
    for (const { name, node } of page?.children ?? []) if (node !== null) found.push({ name, node });
    if (page === null || page.next === null) return found;
    after = page.next;
  }
}
