import { setTimeout as pause } from "node:timers/promises";
import { Machine } from "@flotilla/kv";
import { RaftNode } from "@flotilla/raft";
import { realHost } from "@flotilla/runtime/real";
import { appliedPerSecond } from "./applying.ts";
import type { TreeAnswers, TreeProcessOptions, TreeRequest } from "./messages.ts";
import { LoopDelay } from "./own-times.ts";
import { TimedMachine } from "./timed-machine.ts";
import { TreeCommands } from "./tree-commands.ts";
import { matchUs, queueing } from "./watchers.ts";

/** The log's own entries come behind what the tree was built of. */
const base = 10_000_000;
const snapshotEntries = 20_000;
const mostWaiting = 2_000;
/** Commands made beforehand, beyond those of the snapshots: the last one is written while others go on. */
const spareCommands = 20_000;
const settleMs = 2_000;

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}

/** Once what is collected has been given back, which takes a second collection and some time. */
async function residentBytes(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.();
    await pause(settleMs);
  }
  return process.memoryUsage.rss();
}

/** A log of one member under the tree, with default settings but for how often it takes a snapshot. */
async function open(folder: string, stateMachine: TimedMachine, onSnapshot: () => void): Promise<RaftNode> {
  const node = await RaftNode.open({
    host: realHost({ directory: folder }),
    id: "a",
    cluster: "bench",
    bootstrap: [{ id: "a", address: "127.0.0.1:1" }],
    stateMachine,
    snapshotEntries,
    observer: { onSnapshot },
  });
  void node.closed.then((reason) => {
    if (reason.type === "failed") fail(reason.error);
  });
  while (!node.status().established) await pause(1);
  return node;
}

async function grow({ nodes }: TreeProcessOptions): Promise<TreeAnswers["grow"]> {
  const emptyBytes = await residentBytes();
  const machine = new Machine();
  new TreeCommands(nodes).grow(machine);
  const bytes = await residentBytes();
  if (machine.nodes !== nodes + 1) throw new Error("the tree is not what it should be");
  return { emptyBytes, bytes };
}

async function write(
  { folder, nodes }: TreeProcessOptions,
  { perSecond, snapshots }: Extract<TreeRequest, { readonly type: "write" }>,
): Promise<TreeAnswers["write"]> {
  const machine = new Machine();
  const commands = new TreeCommands(nodes);
  commands.grow(machine);
  // Made now, so that the loop and the collector are not held by what no member does.
  const made = Array.from({ length: snapshots * snapshotEntries + spareCommands }, () =>
    commands.set(Math.random),
  );
  await pause(settleMs);
  const timed = new TimedMachine(machine, base);
  const delay = new LoopDelay();
  const state = { saved: 0, begunMs: 0, savingMs: 0, waiting: 0, sent: 0 };
  timed.onSnapshot = () => {
    state.begunMs = performance.now();
    delay.on();
  };
  const node = await open(folder, timed, () => {
    delay.off();
    state.savingMs += performance.now() - state.begunMs;
    state.saved += 1;
  });
  const answered = (): void => {
    state.waiting -= 1;
  };
  const begunMs = performance.now();
  while (state.saved < snapshots) {
    const due = Math.floor(((performance.now() - begunMs) * perSecond) / 1000);
    for (; state.sent < due && state.waiting < mostWaiting; state.sent += 1) {
      state.waiting += 1;
      void node.propose(made[state.sent] ?? commands.set(Math.random)).then(answered, fail);
    }
    await pause(1);
  }
  const writtenPerSecond = (state.sent * 1000) / (performance.now() - begunMs);
  const resident = process.memoryUsage.rss();
  while (state.waiting > 0) await pause(1);
  await node.close();
  const snapshotMs = state.savingMs / state.saved;
  return {
    slices: timed.slices.times,
    delay: delay.times,
    writtenPerSecond,
    snapshotMs,
    residentBytes: resident,
  };
}

async function restore({ folder }: TreeProcessOptions): Promise<TreeAnswers["restore"]> {
  const machine = new Machine();
  const timed = new TimedMachine(machine, base);
  const delay = new LoopDelay();
  await pause(settleMs / 4);
  delay.on();
  const cpu = process.cpuUsage();
  const begunMs = performance.now();
  const node = await open(folder, timed, () => {});
  const ms = performance.now() - begunMs;
  const { user, system } = process.cpuUsage(cpu);
  delay.off();
  const answer = { ms, cpuMs: (user + system) / 1000, pieces: timed.pieces.times, delay: delay.times };
  await node.close();
  return { ...answer, nodes: machine.nodes, residentBytes: await residentBytes() };
}

function serve(options: TreeProcessOptions): void {
  const idle = new LoopDelay();
  const answer = async (request: TreeRequest): Promise<TreeAnswers[TreeRequest["type"]]> => {
    switch (request.type) {
      case "grow":
        return grow(options);
      case "write":
        return write(options, request);
      case "restore":
        return restore(options);
      case "queue":
        return queueing(request.watchers);
      case "apply":
        return { perSecond: appliedPerSecond() };
      case "match":
        return { us: matchUs(request.depth, request.elsewhere) };
      case "idle":
        idle.on();
        return {};
      default:
        idle.off();
        return idle.times;
    }
  };
  process.on("message", (request: TreeRequest) => {
    void answer(request).then((result) => process.send?.({ request: request.type, answer: result }), fail);
  });
  process.once("SIGTERM", () => process.exit(0));
  // A parent that is gone wants nothing more.
  process.once("disconnect", () => process.exit(1));
  process.send?.({});
}

process.once("message", serve);
