import { isSnapshotTransfer } from "@flotilla/raft/parts";
import type { Draw } from "./draw.ts";
import { someFrame } from "./frames.ts";
import type { Drawn } from "./frames.ts";
import { Broken, count } from "./report.ts";
import type { Counts } from "./report.ts";
import { AdminTarget } from "./targets/admin.ts";
import { outcomeOf, tryCodec } from "./targets/codec.ts";
import { CoreTarget } from "./targets/core.ts";
import { HandshakeTarget } from "./targets/handshake.ts";
import { KvCommandTarget, KvSnapshotTarget } from "./targets/kv.ts";
import { LinkTarget } from "./targets/link.ts";
import { someView } from "./view.ts";

/** What is fuzzed: the decoding alone, the links of a peer, a whole core behind the decoding, the handshake before all that, the door for operators, or the state machine by its commands and its snapshots. */
export type Target = "codec" | "link" | "core" | "handshake" | "admin" | "kv-command" | "kv-snapshot";

export const targets: readonly Target[] = [
  "codec",
  "link",
  "core",
  "handshake",
  "admin",
  "kv-command",
  "kv-snapshot",
];

const framesPerLife = 400;
const framesPerSnapshot = 20;

/** Says so many frames to the target. @throws Broken when it breaks a promise */
export async function run(target: Target, frames: number, draw: Draw, counts: Counts): Promise<void> {
  if (target === "codec") runCodec(frames, draw, counts);
  else if (target === "link") runLink(frames, draw, counts);
  else if (target === "core") runCore(frames, draw, counts);
  else if (target === "handshake") await new HandshakeTarget(draw).run(frames, counts);
  else if (target === "kv-command") runKvCommands(frames, draw, counts);
  else if (target === "kv-snapshot") runKvSnapshots(frames, draw, counts);
  else await new AdminTarget(draw).run(frames, counts, (outcome, frame) => keep(counts, outcome, frame));
}

function note(
  counts: Counts,
  { kind, frame }: Pick<Drawn, "kind" | "frame">,
  outcome: string,
  decodes: boolean,
): void {
  counts.frames += 1;
  if (kind === "mutated") counts.mutated += 1;
  if (decodes) counts.decoded += 1;
  keep(counts, outcome, frame);
}

function keep({ corpus }: Counts, outcome: string, frame: Uint8Array): void {
  const kept = corpus.get(outcome);
  if (kept === undefined || frame.length < kept.length) corpus.set(outcome, frame);
}

function runCodec(frames: number, draw: Draw, counts: Counts): void {
  for (let k = 0; k < frames; k += 1) {
    const drawn = someFrame(draw, someView);
    const judged = tryCodec(drawn.frame);
    note(counts, drawn, outcomeOf(judged), typeof judged !== "string");
  }
}

function runLink(frames: number, draw: Draw, counts: Counts): void {
  const link = new LinkTarget();
  for (let k = 0; k < frames; k += 1) {
    const drawn = someFrame(draw, someView);
    const judged = link.say(drawn.frame, draw.once(2) ? "control" : "bulk");
    note(counts, drawn, outcomeOf(judged), typeof judged !== "string");
  }
}

function runCore(frames: number, draw: Draw, counts: Counts): void {
  const core = new CoreTarget(draw);
  for (let k = 0; k < frames; k += 1) {
    if (k % framesPerLife === framesPerLife - 1) core.renew();
    if (draw.once(2)) core.live();
    const drawn = someFrame(draw, core.view);
    const judged = tryCodec(drawn.frame);
    note(counts, drawn, outcomeOf(judged), typeof judged !== "string");
    if (typeof judged === "string") {
      if (drawn.kind === "lie") throw new Broken(`a lie does not decode: ${judged}`, drawn.frame);
      continue;
    }
    for (const message of judged) {
      if (message.type === "app" || isSnapshotTransfer(message)) continue;
      const outcome = core.hear(message, drawn.frame, drawn.lie?.lie ?? null);
      if (outcome.startsWith("refused")) counts.refused += 1;
      keep(counts, `core: ${message.type} ${outcome}`, drawn.frame);
      if (drawn.lie !== null) expectRefused(drawn, drawn.lie.reason, outcome, counts);
    }
  }
}

function runKvCommands(frames: number, draw: Draw, counts: Counts): void {
  const target = new KvCommandTarget(draw);
  for (let k = 0; k < frames; k += 1) {
    if (k % framesPerLife === framesPerLife - 1) target.renew();
    const { kind, bytes } = target.next();
    const { outcome, decodes } = target.apply(bytes);
    note(counts, { kind, frame: bytes }, outcome, decodes);
  }
}

function runKvSnapshots(frames: number, draw: Draw, counts: Counts): void {
  const target = new KvSnapshotTarget(draw);
  for (let k = 0; k < frames; k += 1) {
    if (k % framesPerSnapshot === framesPerSnapshot - 1) target.renew();
    const { kind, bytes } = target.next();
    const { outcome, decodes } = target.restore(bytes);
    note(counts, { kind, frame: bytes }, outcome, decodes);
  }
}

function expectRefused({ frame }: Drawn, reason: string, outcome: string, counts: Counts): void {
  if (outcome !== `refused: ${reason}`) throw new Broken(`a lie (${reason}) came to "${outcome}"`, frame);
  count(counts.lies, reason);
}
