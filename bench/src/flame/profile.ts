import { readFile } from "node:fs/promises";

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

/** What Node.js writes with `--cpu-prof`. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    readonly children?: readonly number[];
  }[];
  /** µs on the system's monotonic clock. */
  readonly startTime: number;
  readonly samples: readonly number[];
  /** µs before each sample. */
  readonly timeDeltas: readonly number[];
}

/** One function as called from its parent, with the time on the stack below it. */
export interface FlameNode {
  readonly name: string;
  readonly url: string;
  readonly line: number;
  /** µs in the function itself. */
  readonly selfUs: number;
  /** µs in it and everything it called. */
  readonly totalUs: number;
  readonly children: readonly FlameNode[];
}

const idleNames: ReadonlySet<string> = new Set(["(idle)"]);

/** @throws SyntaxError, Error when the file is no profile */
export async function readProfile(file: string): Promise<CpuProfile> {
  const parsed: unknown = JSON.parse(await readFile(file, "utf8"));
  if (!isProfile(parsed)) throw new Error(`${file} is no CPU profile`);
  return parsed;
}

function isProfile(value: unknown): value is CpuProfile {
  if (typeof value !== "object" || value === null) return false;
  return "nodes" in value && "samples" in value && "timeDeltas" in value && "startTime" in value;
}

/** µs that each node was on top of the stack within the interval. */
function selfTimes(profile: CpuProfile, fromUs: number, toUs: number): ReadonlyMap<number, number> {
  const self = new Map<number, number>();
  let now = profile.startTime;
  for (const [k, id] of profile.samples.entries()) {
    now += profile.timeDeltas[k] ?? 0;
    if (now < fromUs || now >= toUs) continue;
    // A sample stands for the time until the next one.
    self.set(id, (self.get(id) ?? 0) + (profile.timeDeltas[k + 1] ?? 0));
  }
  return self;
}

/** The calls of a profile within an interval of the monotonic clock, busy time only, the largest first. */
export function flameTree(profile: CpuProfile, fromUs: number, toUs: number): FlameNode {
  const self = selfTimes(profile, fromUs, toUs);
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const build = (id: number): FlameNode | null => {
    const node = byId.get(id);
    if (node === undefined || idleNames.has(node.callFrame.functionName)) return null;
    const children = (node.children ?? [])
      .map(build)
      .filter((child) => child !== null)
      .toSorted((a, b) => b.totalUs - a.totalUs);
    const selfUs = self.get(id) ?? 0;
    const totalUs = children.reduce((sum, child) => sum + child.totalUs, selfUs);
    if (totalUs === 0) return null;
    const { functionName, url, lineNumber } = node.callFrame;
    return { name: functionName || "(anonymous)", url, line: lineNumber + 1, selfUs, totalUs, children };
  };
  const root = profile.nodes[0];
  const tree = root === undefined ? null : build(root.id);
  return tree ?? { name: "(root)", url: "", line: 0, selfUs: 0, totalUs: 0, children: [] };
}
