import { encodeFrame } from "@flotilla/raft/parts";
import type { PeerMessage, RefusalReason } from "@flotilla/raft/parts";
import type { Draw } from "./draw.ts";
import { someLie } from "./lies.ts";
import type { Lie } from "./lies.ts";
import { someMessage } from "./messages.ts";
import type { View } from "./view.ts";

/** How a frame came about. */
export type Kind = "valid" | "lie" | "mutated" | "noise";

/** A frame to say to a node. */
export interface Drawn {
  readonly kind: Kind;
  readonly frame: Uint8Array;
  /** Present on a lie: who tells it, and the reason for which it must be refused. */
  readonly lie: { readonly reason: RefusalReason; readonly lie: Lie } | null;
}

/** The numbers at which readers of numbers go wrong, as CBOR. */
const edges: readonly [Uint8Array, ...Uint8Array[]] = [
  Uint8Array.of(0x00),
  Uint8Array.of(0x01),
  Uint8Array.of(0x18, 0xff),
  Uint8Array.of(0x1a, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0x1b, 0x00, 0x10, 0, 0, 0, 0, 0, 0),
  Uint8Array.of(0x1b, 0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0x1b, 0x00, 0x20, 0, 0, 0, 0, 0, 0),
  Uint8Array.of(0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0x20),
  Uint8Array.of(0xf4),
  Uint8Array.of(0xf5),
  Uint8Array.of(0xf6),
  Uint8Array.of(0xf9, 0x7e, 0x00),
  Uint8Array.of(0x5b, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff),
  Uint8Array.of(0x9f),
  Uint8Array.of(0x9b, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00),
];

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A frame with one edit: a byte changed, cut off, put in or repeated, or a number replaced by one at an edge. */
export function editedFrame(draw: Draw, frame: Uint8Array, other: Uint8Array): Uint8Array {
  const at = draw.below(frame.length + 1);
  const length = frame.length;
  switch (draw.below(8)) {
    case 0:
      return frame.slice(0, at);
    case 1:
      return joined(frame.subarray(0, at), draw.bytes(1 + draw.below(3)), frame.subarray(at));
    case 2:
      return joined(frame.subarray(0, at), other.subarray(draw.below(other.length + 1)));
    case 3:
      return joined(frame.subarray(0, at), frame.subarray(draw.below(length + 1)));
    case 4:
    case 5:
      return joined(frame.subarray(0, at), draw.pick(edges), frame.subarray(Math.min(length, at + 1)));
    default: {
      const changed = frame.slice();
      // Mostly near the front, where heads and numbers are, and by little, so that much of it still decodes.
      const where = draw.once(2) ? draw.below(Math.min(length, 12)) : draw.below(length);
      if (length > 0) changed[where] = (changed[where] ?? 0) ^ (1 << draw.below(8));
      return changed;
    }
  }
}

function validFrame(draw: Draw, view: View): Uint8Array {
  const messages: PeerMessage[] = [];
  for (let count = draw.between(1, draw.once(4) ? 4 : 1); count > 0; count -= 1)
    messages.push(someMessage(draw, view));
  return encodeFrame(messages);
}

function mutatedFrame(draw: Draw, view: View): Uint8Array {
  const frame = validFrame(draw, view);
  return mutated(draw, frame, draw.once(8) ? validFrame(draw, view) : frame);
}

/** A frame with one edit, or several, some of which put in parts of the other one. */
export function mutated(draw: Draw, sound: Uint8Array, other: Uint8Array): Uint8Array {
  let frame = sound;
  for (let edits = draw.once(3) ? draw.between(2, 5) : 1; edits > 0; edits -= 1)
    frame = editedFrame(draw, frame, other);
  return frame;
}

/** Bytes of no meaning. */
export function noise(draw: Draw): Uint8Array {
  const bytes = draw.bytes(draw.below(draw.once(20) ? 600 : 40));
  // Behind a sound head, noise gets further in.
  if (bytes.length > 2 && draw.once(2)) bytes.set([0x81, 0x80 + draw.below(12), draw.below(20)]);
  return bytes;
}

/** The next frame: half of all are mutations of valid ones. */
export function someFrame(draw: Draw, view: View): Drawn {
  const which = draw.below(10);
  if (which < 5) return { kind: "mutated", frame: mutatedFrame(draw, view), lie: null };
  if (which < 7) return { kind: "noise", frame: noise(draw), lie: null };
  if (which < 8) {
    const lie = someLie(draw, view);
    if (lie !== null) return { kind: "lie", frame: encodeFrame([lie.lie.message]), lie };
  }
  return { kind: "valid", frame: validFrame(draw, view), lie: null };
}
