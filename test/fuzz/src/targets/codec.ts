import { FlotillaError } from "@flotilla/runtime";
import { decodeFrame, encodeFrame } from "@flotilla/raft/parts";
import type { PeerMessage } from "@flotilla/raft/parts";
import { Broken } from "../report.ts";

/** What a frame says, or the words with which it is refused. @throws Broken when it fails in any other way */
export function judge(frame: Uint8Array): readonly PeerMessage[] | string {
  try {
    return decodeFrame(frame);
  } catch (error) {
    if (FlotillaError.is(error, "ERR_FLOTILLA_BAD_FRAME")) return error.message;
    throw new Broken(`decoding threw ${String(error)}`, frame);
  }
}

/** The name of what came of a frame: the same for frames that go the same way. */
export function outcomeOf(judged: readonly PeerMessage[] | string): string {
  if (typeof judged === "string") return judged.replaceAll(/\d+/g, "N");
  const [first, second] = new Set(judged.map(({ type }) => type));
  return `decodes: ${second === undefined ? (first ?? "nothing") : "several"}`;
}

/** Decodes a frame; one that decodes must say the same after another journey. @throws Broken */
export function tryCodec(frame: Uint8Array): readonly PeerMessage[] | string {
  const judged = judge(frame);
  if (typeof judged === "string") return judged;
  const again = encodeFrame(judged);
  const once = judge(again);
  if (typeof once === "string") throw new Broken(`refused when sent on: ${once}`, frame);
  if (Buffer.compare(encodeFrame(once), again) !== 0)
    throw new Broken("says something else when sent on", frame);
  return judged;
}
