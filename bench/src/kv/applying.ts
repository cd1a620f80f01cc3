import type { KvCommand, Operation, WatchKind } from "@flotilla/kv";
import { encodeCommand, Machine, WatchTable } from "@flotilla/kv";
import { folderOf, pathOf, TreeCommands } from "./tree-commands.ts";

const nodes = 100_000;
const watches = 100;
const commandsOfTrial = 150_000;
const trials = 4;
const valueBytes = 100;
const session = "a9".repeat(16);
const kinds: readonly WatchKind[] = ["data", "children", "recursive"];

/** The commands of one trial as the log holds them: a node made, one set, one deleted, in turn, anywhere in the tree. */
function mixed(firstSeq: number): Uint8Array[] {
  const value = new Uint8Array(valueBytes).fill(firstSeq);
  const facts = { value, lease: null, sequential: false, guarded: false } as const;
  const encoded: Uint8Array[] = [];
  for (let count = 0; count < commandsOfTrial; count += 1) {
    const seq = firstSeq + count;
    const any = pathOf(Math.floor(Math.random() * nodes));
    const fresh = `${folderOf(count % nodes)}/made-${count}`;
    const operations: readonly Operation[] = [
      { type: "create", path: fresh, ...facts },
      { type: "set", path: any, value, if: {} },
      { type: "delete", path: `${folderOf((count - 2) % nodes)}/made-${count - 2}`, if: {}, force: false },
    ];
    const operation = operations[count % operations.length];
    if (operation === undefined) continue;
    encoded.push(
      encodeCommand({ type: "request", session, attach: 1, seq, ack: seq - 1, operation }).slice(),
    );
  }
  return encoded;
}

/**
 * Commands applied in a second of one thread: decoded, with windows, digest and history, and matched to a hundred watches.
 * The best of some trials, each by the lesser of time and CPU.
 */
export function appliedPerSecond(): number {
  const machine = new Machine();
  let index = new TreeCommands(nodes).grow(machine);
  const table = new WatchTable<number>();
  for (let id = 0; id < watches; id += 1)
    table.add(id, folderOf(id * (nodes / watches)), kinds[id % kinds.length] ?? "data");
  const opening: KvCommand = {
    type: "attach",
    session,
    secret: new Uint8Array(16),
    attach: 1,
    ttlMs: 10_000,
  };
  machine.apply(encodeCommand(opening), { index: (index += 1), timeMs: index });
  const before = machine.nodes;
  let best = 0;
  let told = 0;
  for (let trial = 0; trial < trials; trial += 1) {
    const payloads = mixed(1 + trial * commandsOfTrial);
    const cpu = process.cpuUsage();
    const begun = performance.now();
    for (const payload of payloads) {
      index += 1;
      machine.apply(payload, { index, timeMs: 1_700_000_000_000 + index });
      for (const event of machine.takeEvents()) table.match(event, () => (told += 1));
    }
    const { user, system } = process.cpuUsage(cpu);
    const ms = Math.min(performance.now() - begun, (user + system) / 1000);
    best = Math.max(best, (payloads.length * 1000) / ms);
  }
  if (machine.revision < trials * commandsOfTrial || machine.nodes !== before || told === 0)
    throw new Error("the commands did not do what they should");
  return best;
}
