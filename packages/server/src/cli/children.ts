import type { PastOptions, Session } from "@flotilla/coord/client";

/** The names of all children, sorted; null without the node. */
export async function namesBelow(
  session: Session,
  path: string,
  options: PastOptions = {},
): Promise<readonly string[] | null> {
  const names: string[] = [];
  for (let after: string | null = null; ;) {
    const page = await session.children(path, after === null ? options : { ...options, after });
    if (page === null) return null;
    for (const name of page.names) names.push(name);
    if (page.next === null) return names;
    after = page.next;
  }
}

/** Names of what recipes may have made there. */
export async function recipesBelow(session: Session, path: string): Promise<readonly string[]> {
  const names = (await namesBelow(session, path)) ?? [];
  return names.filter((name) => name.length <= longestName);
}

/** Of a name that recipes take. */
const longestName = 255;

/** So many at a time, so that a large tree costs no large memory. */
const atOnce = 64;

/** What `read` gives for each, in order. */
export async function forEachOf<T>(
  names: readonly string[],
  read: (name: string) => Promise<T>,
): Promise<readonly T[]> {
  const found: T[] = [];
  for (let start = 0; start < names.length; start += atOnce)
    found.push(...(await Promise.all(names.slice(start, start + atOnce).map((name) => read(name)))));
  return found;
}
