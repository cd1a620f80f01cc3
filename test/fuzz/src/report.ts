/** A promise that a frame broke. */
export class Broken extends Error {
  readonly frame: Uint8Array;

  constructor(what: string, frame: Uint8Array) {
    super(`${what}; the frame: ${Buffer.from(frame).toString("hex")}`);
    this.frame = frame;
  }
}

/** What came of the frames of one run. */
export interface Counts {
  frames: number;
  mutated: number;
  decoded: number;
  /** Decoded, and then refused for what the receiver knows. */
  refused: number;
  /** Of the lies told, by reason. */
  readonly lies: Map<string, number>;
  /** The first frame of every outcome, by the outcome's name. */
  readonly corpus: Map<string, Uint8Array>;
}

export function noCounts(): Counts {
  return { frames: 0, mutated: 0, decoded: 0, refused: 0, lies: new Map(), corpus: new Map() };
}

export function count(counters: Map<string, number>, name: string): void {
  counters.set(name, (counters.get(name) ?? 0) + 1);
}
