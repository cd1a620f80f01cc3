import type { Node } from "@flotilla/kv";
import type { Session } from "../client/api.ts";
import type { ReadOptions } from "../client/read-api.ts";

/**
 * All children that may be read, with their nodes, sorted by name; empty when there is no node. A page may be newer than
 * the one before.
 */
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
