import { acceptHandshake, encode, FlotillaError } from "@flotilla/runtime";
import type { HandshakeOptions } from "@flotilla/runtime";
import { linkProtocols, readIdentity, writeIdentity } from "@flotilla/raft/parts";
import type { Draw } from "../draw.ts";
import { editedFrame } from "../frames.ts";
import { Broken } from "../report.ts";
import type { Counts } from "../report.ts";
import { incarnationOf } from "../view.ts";
import { Ear } from "./ear.ts";
import { clock, random } from "./still-host.ts";

const cluster = "fuzzed";
const identity = writeIdentity({
  id: "a",
  incarnation: incarnationOf("a"),
  historyId: "",
  version: 0,
  kind: "control",
  life: 1,
  attempt: 1,
  level: 1,
});
const hello = encode([1, 1, 1, cluster, encode(identity), new Uint8Array(32).fill(9)]);
const proof = encode([3, new Uint8Array(0)]);
/** Of a frame as it should be; so both are in a fifth of the conversations, and half of all frames are mutations. */
const soundPercent = 48;

/** What comes before a link stands: whoever does not introduce itself in order is never let in. */
export class HandshakeTarget {
  readonly #draw: Draw;

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  /** @throws Broken */
  async run(frames: number, counts: Counts): Promise<void> {
    for (let k = 0; k < frames; k += 2) {
      this.#one(counts);
      // What was turned away settles.
      if (k % 512 === 0) await Promise.resolve();
    }
  }

  #one(counts: Counts): void {
    const draw = this.#draw;
    const ear = new Ear(linkProtocols.control);
    let ready = 0;
    let judged: unknown = null;
    const options: HandshakeOptions = {
      clock,
      random,
      cluster,
      versions: { min: 1, max: 1 },
      identity,
      admit: (value) => {
        judged = readIdentity(value);
        return undefined;
      },
      onReady: () => {
        ready += 1;
        return { message: () => {}, end: () => {} };
      },
    };
    const first = draw.below(100) < soundPercent ? hello : editedFrame(draw, hello, proof);
    const second = draw.below(100) < soundPercent ? proof : editedFrame(draw, proof, hello);
    acceptHandshake(ear, options).catch((error: unknown) => {
      if (!FlotillaError.is(error)) throw error;
    });
    try {
      ear.hear(first);
      ear.hear(second);
    } catch (error) {
      throw new Broken(`the handshake threw ${String(error)}`, first);
    }
    counts.frames += 2;
    if (first !== hello) counts.mutated += 1;
    if (second !== proof) counts.mutated += 1;
    if (ready > 0) counts.decoded += 2;
    if (ready > 0 && (judged === null || !ear.isOpen)) throw new Broken("let in without being judged", first);
    if (ready === 0 && ear.isOpen) throw new Broken("neither let in nor turned away", first);
  }
}
