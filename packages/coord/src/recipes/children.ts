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
