import type { Mutant } from "../mutant.ts";
import { entryCodec, handshakeSide, peer, peerLink, state } from "./files.ts";

/** What travels between members. */
export const transport: readonly Mutant[] = [
  {
    id: "X01",
    severity: 1,
    title: "frames of links that were replaced are heard",
    killer: "ElectionSafety",
    edits: [
      {
        file: peer,
        find: "if (session?.links[link.kind] !== link) return;",
        replace: "if (session === null || !link.kind) return;",
      },
      {
        file: peerLink,
        find: "  message(frame: Uint8Array): void {\n    if (this.#ended) return;\n",
        replace: "  message(frame: Uint8Array): void {\n",
      },
      {
        file: peerLink,
        find: "if (!this.#ended) this.#owner.message(this, message);",
        replace: "this.#owner.message(this, message);",
      },
    ],
  },
  {
    id: "X02",
    severity: 1,
    title: "the name of the cluster is not compared",
    killer: "StateMachineSafety",
    edits: [{ file: handshakeSide, find: "if (own === theirs) return;", replace: 'if (own !== "") return;' }],
  },
  {
    id: "X04",
    severity: 3,
    title: "a frame that cannot be read is passed over",
    killer: "Convergence",
    edits: [{ file: peerLink, find: "      this.close(`bad frame: ${error.message}`);\n", replace: "" }],
  },
  {
    id: "X05",
    severity: 3,
    title: "whatever a slow peer does not read is queued without bound",
    killer: "Resources",
    edits: [
      {
        file: peer,
        find: 'if (message.type === "append" && link.bufferedBytes > highWaterBytes) return false;',
        replace: "",
      },
      {
        file: peer,
        find: 'if (message.type === "app" && link.waitingBytes > highWaterBytes) return false;',
        replace: "",
      },
      {
        file: peer,
        find: "if (link.waitingBytes > limitBytes) {",
        replace: "if (link.waitingBytes < 0) {",
      },
    ],
  },
  {
    id: "X06",
    severity: 3,
    title: "a peer that is silent for ever is never given up",
    killer: "Convergence",
    edits: [
      {
        file: peer,
        find: 'if (canTell && links.some((link) => link.heardMs < lostMs)) this.close("silent for too long");',
        replace: "",
      },
    ],
  },
  {
    id: "X07",
    severity: 3,
    title: "all that waits goes into one frame, however large",
    killer: "Convergence",
    edits: [
      {
        file: peerLink,
        find: "const full = bytes + size > targetFrameBytes || position - first === maxFrameMessages;",
        replace: "const full = bytes + size < 0;",
      },
    ],
  },
  {
    id: "X08",
    severity: 1,
    title: "an entry of an unknown kind is passed over",
    killer: "DeterministicApply",
    edits: [
      {
        file: entryCodec,
        find: 'kinds[view.getUint8(kindAt)] ?? refuse("the kind is unknown")',
        replace: 'kinds[view.getUint8(kindAt)] ?? "noop"',
      },
    ],
  },
  {
    id: "X09",
    severity: 2,
    title: "an answer meant for an earlier life settles a proposal or read of this one",
    killer: "LinearizableHistory",
    edits: [
      { file: state, find: "forwardBase: fixed.random.u32() * 2 ** 19,", replace: "forwardBase: 0," },
      {
        file: state,
        find: "reads: new AskedReads(fixed.random.u32()),",
        replace: "reads: new AskedReads(0),",
      },
    ],
  },
];
