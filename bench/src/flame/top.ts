import type { FlameNode } from "./profile.ts";

/** A function wherever it was called. */
export interface HotFunction {
  readonly name: string;
  readonly place: string;
  readonly selfUs: number;
}

/** The last parts of a file's path and the line: enough to find it. */
export function placeOf({ url, line }: Pick<FlameNode, "url" | "line">): string {
  return url === "" ? "" : `${url.split("/").slice(-3).join("/")}:${line}`;
}

/** The functions with the most time of their own. */
export function hottest(root: FlameNode, count: number): HotFunction[] {
  const found = new Map<string, HotFunction>();
  const visit = (node: FlameNode): void => {
    const { name, selfUs } = node;
    const place = placeOf(node);
    const key = `${name} ${place}`;
    found.set(key, { name, place, selfUs: selfUs + (found.get(key)?.selfUs ?? 0) });
    for (const child of node.children) visit(child);
  };
  visit(root);
  return [...found.values()].toSorted((a, b) => b.selfUs - a.selfUs).slice(0, count);
}
