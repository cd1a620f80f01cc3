import type { MultiItem } from "../../client/api.ts";
import { readNodes } from "../children.ts";
import { attempt } from "../grant.ts";
import type { Calls } from "../patient.ts";
import type { ShardPaths } from "./paths.ts";

/** Deletes the plan when nobody takes part or owns anything any more, so that the last one leaves nothing behind. */
export async function clear(calls: Calls, { base, participants, owned, plan }: ShardPaths): Promise<void> {
  for (;;) {
    const nodes = new Map(
      (await readNodes(calls, base, {})).map(({ name, node }) => [`${base}/${name}`, node]),
    );
    const mzxid = nodes.get(plan)?.stat.mzxid;
    const folders = [participants, owned];
    if (mzxid === undefined || folders.some((path) => (nodes.get(path)?.stat.numChildren ?? 0) > 0)) return;
    // Empty ones are taken away by themselves, at any time.
    const empty = folders.map((path): MultiItem => {
      return nodes.has(path)
        ? { type: "check", path, if: { children: 0 } }
        : { type: "check", path, exists: false };
    });
    if ((await attempt(calls, [...empty, { type: "delete", path: plan, mzxid }])) !== null) return;
  }
}
