import type { Mutant } from "../mutant.ts";
import {
  call,
  coordStateMachine,
  machine,
  operationCodec,
  pipeline,
  serverSession,
  sessionTable,
  requestTurn,
  treeOps,
  writeWindow,
} from "./files.ts";

const restart = "    this.#cursor = lastApplied;\n    this.flush();";

/** Numbers what is unanswered anew, in this order. */
function renumbered(order: string): string {
  return `    this.#numbered.sort((a, b) => ${order});
    this.#lastSeq = lastApplied;
    for (const write of this.#numbered) write.seq = this.#lastSeq += 1;
    this.#ack = lastApplied;\n`;
}

/** What the order, the repeats and the bytes of requests promise. */
export const requests: readonly Mutant[] = [
  {
    id: "K16",
    severity: 2,
    title: "a server that is behind serves a session before it has applied its attach",
    killer: "LinearizableHistory",
    edits: [
      {
        file: serverSession,
        find: "    proposal.start();\n",
        replace: `    proposal.start();
    const info = this.#context.machine.session(this.#id);
    if (info !== null) this.#attached(info.lastSeq, info.ttlMs);\n`,
      },
      {
        file: pipeline,
        find: "    return this.#writes.isPossible(lastApplied);",
        replace: "    return lastApplied >= 0;",
      },
    ],
  },
  {
    id: "K17",
    severity: 2,
    title: "a read does not wait for the earlier writes of its session",
    killer: "LinearizableHistory",
    edits: [
      {
        file: serverSession,
        find: "this.#ownWaits().add(message.after, this.#lastSeq, mustConfirm,",
        replace: "this.#ownWaits().add(0, this.#lastSeq, mustConfirm,",
      },
    ],
  },
  {
    id: "K18",
    severity: 2,
    title: "writes that are sent again on a new channel go in another order",
    killer: "SessionFifo",
    edits: [
      {
        file: writeWindow,
        find: restart,
        replace: `    const later = this.#numbered.filter(({ seq }) => seq > lastApplied).toReversed();
    this.#numbered.splice(this.#numbered.length - later.length, later.length, ...later);
    for (const [at, write] of later.entries()) write.seq = lastApplied + 1 + at;\n${restart}`,
      },
    ],
  },
  {
    id: "K19",
    severity: 1,
    title: "a request is a repeat when any session had one of that number",
    killer: "the golden model",
    edits: [
      {
        file: requestTurn,
        find: "const kept = window.get(seq);",
        replace: "const kept = window.get(seq) ?? (ack > 0 ? sessions.answers?.get(seq) : undefined);",
      },
      {
        file: machine,
        find: "    return new Answered(session, attach, seq, false, this.#state.sessions.keep(session, ack, result));",
        replace: `    const kept = this.#state.sessions.keep(session, ack, result);
    (this.#state.sessions.answers ??= new Map()).set(seq, kept);
    return new Answered(session, attach, seq, false, kept);`,
      },
    ],
  },
  {
    id: "K20",
    severity: 2,
    title: "a window keeps the last two results, acknowledged or not",
    killer: "the golden model",
    edits: [
      {
        file: sessionTable,
        find: "    window.forget(ack, this.#forget);",
        replace: "    window.forget(Math.max(ack, window.lastSeq - 1), this.#forget);",
      },
    ],
  },
  {
    id: "K21",
    severity: 2,
    title: "a repeat is answered without the first result",
    killer: "the golden model",
    edits: [
      {
        file: requestTurn,
        find: "    return new Answered(id, attach, seq, true, kept);",
        replace: `    const nothing = { ok: true, revision: 0, results: [] };
    return new Answered(id, attach, seq, true, new KeptResult(nothing, null, 0, 0));`,
      },
      {
        file: requestTurn,
        find: 'import { limits } from "./limits.ts";',
        replace: 'import { limits } from "./limits.ts";\nimport { KeptResult } from "./window.ts";',
      },
    ],
  },
  {
    id: "K22",
    severity: 2,
    title: "a timeout says that nothing was done",
    killer: "SessionFifo",
    edits: [
      {
        file: call,
        find: "    const ambiguous = this.giveUp();\n    this.reject(",
        replace: "    const ambiguous = this.giveUp() && false;\n    this.reject(",
      },
    ],
  },
  {
    id: "K23",
    severity: 1,
    title: "a client that reconnects does what is unanswered once more, under new numbers",
    killer: "ExactlyOnce",
    edits: [{ file: writeWindow, find: restart, replace: renumbered("a.seq - b.seq") + restart }],
  },
  {
    id: "K24",
    severity: 1,
    title: "a leader takes a value that is too large for whoever reads the log",
    killer: "the golden model",
    edits: [
      {
        file: operationCodec,
        find: 'return reader.bytes("value", operationBounds.bytes);',
        replace: 'return reader.bytes("value", 1_000_000);',
      },
      {
        file: coordStateMachine,
        find: "      decodeCommand(payload, this.#options.machine.newestLevel);\n",
        replace: "",
      },
    ],
  },
  {
    id: "K25",
    severity: 2,
    title: "the mzxid of a node comes from a counter of the process",
    killer: "DeterministicApply",
    edits: [
      {
        file: treeOps,
        find: "  node.mzxid = x.revision;\n",
        replace: "  node.mzxid = x.tree.serial = Math.max(x.tree.serial ?? 0, node.mzxid) + 1;\n",
      },
    ],
  },
];
