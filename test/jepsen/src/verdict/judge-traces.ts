import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Broken } from "./judge.ts";

/** What is read of a trace: a member begins a life, begins to lead, or applies an entry. */
const told = /"type":"(?:recovered|soft|apply)"/;
/** One is enough; of more, these show what they have in common. */
const mostTold = 8;

/** What the members of one run told of themselves, as long as no two contradict each other. */
export class Traces {
  readonly #lives = new Map<string, number>();
  readonly #leaders = new Map<number, string>();
  readonly #applied = new Map<number, { readonly entry: string; readonly node: string }>();
  readonly #broken: Broken[] = [];

  /** Contradictions, the first ones; and what no trace tells anything of, so that nothing could contradict it. */
  get broken(): readonly Broken[] {
    const untold = [
      ...(this.#leaders.size === 0 ? ["who led"] : []),
      ...(this.#applied.size === 0 ? ["what was applied"] : []),
    ];
    return [
      ...this.#broken,
      ...untold.map((what) => ({ invariant: "Completed", message: `no trace tells ${what}` })),
    ];
  }

  /** Takes in one line of a trace. One that was cut short says nothing. */
  note(line: string): void {
    if (!told.test(line)) return;
    const record = parsed(line);
    if (record === null) return;
    const { node, type, role, term, index, checksum } = record;
    if (type === "recovered") this.#lives.set(String(node), (this.#lives.get(String(node)) ?? 0) + 1);
    if (type === "soft" && role === "leader") this.#leads(Number(term), String(node));
    if (type === "apply") this.#applies(Number(index), `${String(term)} ${String(checksum)}`, String(node));
  }

  /** A member that leads the same term in another life has forgotten its vote. */
  #leads(term: number, node: string): void {
    const name = `${node} in life ${this.#lives.get(node) ?? 0}`;
    const leader = this.#leaders.get(term) ?? name;
    this.#leaders.set(term, leader);
    if (leader !== name) this.#tell("ElectionSafety", `${leader} and ${name} lead in term ${term}`);
  }

  #applies(index: number, entry: string, node: string): void {
    const first = this.#applied.get(index);
    if (first === undefined) this.#applied.set(index, { entry, node });
    else if (first.entry !== entry)
      this.#tell("StateMachineSafety", `${first.node} and ${node} apply different entries at ${index}`);
  }

  #tell(invariant: string, message: string): void {
    const isKnown = this.#broken.some((each) => each.message === message);
    if (!isKnown && this.#broken.length < mostTold) this.#broken.push({ invariant, message });
  }
}

function parsed(line: string): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return null;
  }
}

/** The traces that members left in a folder, over all their lives: one leader a term, one entry at an index. */
export async function judgeTraces(folder: string, ids: readonly string[]): Promise<readonly Broken[]> {
  const traces = new Traces();
  for (const id of ids) {
    const path = join(folder, `${id}.trace`);
    if (!existsSync(path)) continue;
    for await (const line of createInterface({ input: createReadStream(path) })) traces.note(line);
  }
  return traces.broken;
}
