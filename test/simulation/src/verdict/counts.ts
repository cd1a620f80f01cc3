import { counterExact } from "@flotilla/history";
import type { CounterCall, HandedId } from "../actors/accountant.ts";
import type { GoldenCommand } from "../world/golden-log.ts";
import type { World } from "../world/world.ts";

/** Counters count each addition once, and ids are handed out once, after the cluster has set them aside. */
export function judgeCounts({
  golden,
  findings,
  ledger,
}: Pick<World, "golden" | "findings" | "ledger">): void {
  const report = (why: string): void => findings.later("CounterExact", why);
  for (const { rule, message } of counterExact(ledger.counterCalls).violations.slice(0, 3))
    report(`${rule}: ${message}`);
  for (const name of new Set(ledger.counterCalls.map(({ object }) => object)))
    judgeTotal(golden.commands, name, ledger.counterCalls, report);
  for (const object of ["singly", "in-blocks"] as const) {
    const handed = ledger.handedIds.filter((one) => one.object === object);
    judgeIds(golden.commands, object, handed, (why) => findings.later("IdsUnique", why));
  }
}

/** In the end the number is what was acknowledged, and some of what is not known to have counted. */
function judgeTotal(
  commands: readonly GoldenCommand[],
  name: string,
  calls: readonly CounterCall[],
  report: (why: string) => void,
): void {
  const sumOf = (outcome: CounterCall["outcome"]): number =>
    calls.reduce((sum, call) => sum + (call.object === name && call.outcome === outcome ? call.by : 0), 0);
  const total = numbersAt(commands, `/counter/${name}`).at(-1)?.number ?? 0;
  const [least, most] = [sumOf("ok"), sumOf("ok") + sumOf("unknown")];
  if (total < least || total > most) report(`${name} is ${total}, and has to be ${least} to ${most}`);
}

function judgeIds(
  commands: readonly GoldenCommand[],
  object: string,
  handed: readonly HandedId[],
  report: (why: string) => void,
): void {
  const reserved = numbersAt(commands, `/ids/${object}`);
  const seen = new Set<number>();
  for (const { id, atMs } of handed) {
    if (seen.has(id)) report(`${object}: ${id} was handed out twice`);
    seen.add(id);
    const until = reserved.findLast((at) => at.atMs <= atMs)?.number ?? 0;
    if (id > until) report(`${object}: ${id} was handed out when only ${until} were set aside`);
  }
  if (object !== "singly") return;
  let highest = 0;
  const done = handed.toSorted((a, b) => a.atMs - b.atMs);
  let next = 0;
  for (const { id, askedMs } of handed.toSorted((a, b) => a.askedMs - b.askedMs)) {
    for (let before = done[next]; before !== undefined && before.atMs < askedMs; before = done[next]) {
      highest = Math.max(highest, before.id);
      next += 1;
    }
    if (id <= highest) report(`${object}: ${id} was asked for after ${highest} was handed out`);
  }
}

/** What a node held as a number, each time it was written. */
function numbersAt(
  commands: readonly GoldenCommand[],
  path: string,
): { readonly atMs: number; readonly number: number }[] {
  const decoder = new TextDecoder();
  return commands.flatMap(({ atMs, events }) =>
    events
      .filter((event) => event.path === path && event.node !== null)
      .map(({ node }) => ({ atMs, number: Number(decoder.decode(node?.value)) })),
  );
}
