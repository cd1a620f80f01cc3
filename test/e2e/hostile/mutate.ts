import fc from "fast-check";

/** Which frame, and what to do to it. */
export type Mutation = readonly [
  which: number,
  edits: readonly (readonly [kind: number, where: number, byte: number])[],
];

export function mutation(frames: number): fc.Arbitrary<Mutation> {
  const edit = fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 200 }), fc.nat({ max: 255 }));
  return fc.tuple(fc.nat({ max: frames - 1 }), fc.array(edit, { minLength: 1, maxLength: 4 }));
}

/** The frame with bytes changed, cut off, put in or repeated. */
export function mutated(frames: readonly Uint8Array[], [which, edits]: Mutation): Uint8Array {
  let frame = Uint8Array.from(frames[which] ?? []);
  for (const [kind, where, byte] of edits) {
    const at = where % (frame.length + 1);
    if (kind === 0 && at < frame.length) frame[at] = byte;
    else if (kind === 1) frame = frame.slice(0, at);
    else if (kind === 2) frame = Uint8Array.from([...frame.subarray(0, at), byte, ...frame.subarray(at)]);
    else frame = Uint8Array.from([...frame.subarray(0, at), ...frame]);
  }
  return frame;
}
