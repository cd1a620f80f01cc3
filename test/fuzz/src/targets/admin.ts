import {
  AdminDoor,
  adminProtocol,
  decodeAdminRequest,
  encodeAdminRequest,
  wireBounds,
} from "@flotilla/coord/parts";
import type { AdminRequest, AdminService } from "@flotilla/coord/parts";
import { encode, FlotillaError, silentLogger } from "@flotilla/runtime";
import type { Draw } from "../draw.ts";
import { mutated, noise } from "../frames.ts";
import { Broken } from "../report.ts";
import type { Counts } from "../report.ts";
import { Ear } from "./ear.ts";
import { clock, random } from "./still-host.ts";

type Change = Extract<AdminRequest, { type: "change" }>["changes"][number];

const cluster = "fuzzed";
const hello = encode([1, 1, 1, cluster, encode("operator"), new Uint8Array(32).fill(9)]);
const proof = encode([3, new Uint8Array(0)]);
/** Largest membership change that may be asked for. */
const maxChanges = 64;

function someText(draw: Draw): string {
  if (draw.once(10)) return "x".repeat(draw.between(wireBounds.nameBytes - 2, wireBounds.nameBytes));
  return draw.pick(["a", "b", "n-1", "127.0.0.1:7001", "", "\u00e9\u{1f6a2}"]);
}

function someChange(draw: Draw): Change {
  const id = someText(draw);
  switch (draw.below(4)) {
    case 0:
      return { type: "add", id, address: someText(draw), incarnation: someText(draw), promote: draw.once(2) };
    case 1:
      return { type: draw.pick(["promote", "demote", "remove"]), id };
    case 2:
      return { type: "address", id, address: someText(draw) };
    default:
      return { type: "lease-reads", on: draw.once(2) };
  }
}

function someId(draw: Draw): string {
  return Array.from({ length: 32 }, () => draw.below(16).toString(16)).join("");
}

function someRequest(draw: Draw): AdminRequest {
  switch (draw.below(7)) {
    case 0:
      return { type: "describe" };
    case 1:
      return { type: "leave" };
    case 6:
      if (draw.once(3)) return { type: "lease-times", after: draw.once(2) ? null : someId(draw) };
      return { type: draw.pick(["save", "more", "digests"]) };
    case 2:
      return { type: "transfer", to: draw.once(2) ? null : someText(draw) };
    default: {
      const count = draw.once(20) ? maxChanges : draw.between(0, 3);
      const changes = Array.from({ length: count }, () => someChange(draw));
      return { type: "change", changes, ifVersion: draw.once(2) ? null : draw.below(1e9) };
    }
  }
}

interface Drawn {
  readonly kind: "valid" | "mutated" | "noise";
  readonly frame: Uint8Array;
}

function someFrame(draw: Draw): Drawn {
  const sound = encodeAdminRequest(someRequest(draw));
  const which = draw.below(10);
  if (which < 5) {
    const other = draw.once(8) ? encodeAdminRequest(someRequest(draw)) : sound;
    return { kind: "mutated", frame: mutated(draw, sound, other) };
  }
  return which < 7 ? { kind: "noise", frame: noise(draw) } : { kind: "valid", frame: sound };
}

/** What a frame asks, or the words with which it is refused. @throws Broken when it fails in any other way */
export function judgeRequest(frame: Uint8Array): AdminRequest | string {
  try {
    return decodeAdminRequest(frame);
  } catch (error) {
    if (FlotillaError.is(error, "ERR_FLOTILLA_BAD_FRAME")) return error.message;
    throw new Broken(`decoding threw ${String(error)}`, frame);
  }
}

/** The door for operators: it asks the node for exactly what a sound frame says, within bounds, and nothing else. */
export class AdminTarget {
  readonly #draw: Draw;
  readonly #asked: AdminRequest[] = [];
  readonly #door: AdminDoor;
  #ear: Ear = new Ear(adminProtocol);

  constructor(draw: Draw) {
    this.#draw = draw;
    const service: AdminService = {
      report: () => {
        this.#asked.push({ type: "describe" });
        return { type: "damaged", id: "a", cluster, problem: "", advice: "" };
      },
      transfer: async (to) => {
        this.#asked.push({ type: "transfer", to });
        if (to === "") throw new FlotillaError("ERR_FLOTILLA_NOT_LEADER", "b leads");
        return to ?? "b";
      },
      change: async (changes, ifVersion) => {
        this.#asked.push({ type: "change", changes, ifVersion });
        if (changes.length === 0) throw new TypeError("not an error of ours");
        return 1;
      },
      resign: async () => void this.#asked.push({ type: "leave" }),
      save: async () => {
        this.#asked.push({ type: "save" });
        return [].values();
      },
      digests: () => {
        this.#asked.push({ type: "digests" });
        return [];
      },
      leaseTimes: (after) => {
        this.#asked.push({ type: "lease-times", after });
        return { times: [], next: null };
      },
      resigned: () => {},
    };
    this.#door = new AdminDoor({ service, clock, random, logger: silentLogger, nodeId: "a", cluster });
    this.#ear.close();
  }

  /** @throws Broken */
  async run(
    frames: number,
    counts: Counts,
    keep: (outcome: string, frame: Uint8Array) => void,
  ): Promise<void> {
    for (let k = 0; k < frames; k += 1) {
      if (!this.#ear.isOpen) await this.#enter();
      const { kind, frame } = someFrame(this.#draw);
      counts.frames += 1;
      if (kind === "mutated") counts.mutated += 1;
      const judged = judgeRequest(frame);
      keep(outcomeOfRequest(judged), frame);
      if (typeof judged === "string") this.#expectClosed(frame);
      else {
        counts.decoded += 1;
        await this.#expectAsked(judged, frame);
      }
    }
  }

  async #enter(): Promise<void> {
    this.#ear = new Ear(adminProtocol);
    this.#door.accept(this.#ear);
    this.#ear.hear(hello);
    this.#ear.hear(proof);
    // The lobby forgets whoever came through.
    await settled();
    this.#ear.take();
    if (!this.#ear.isOpen) throw new Broken(`turned away: ${this.#ear.closedWith}`, hello);
  }

  #expectClosed(frame: Uint8Array): void {
    this.#ear.hear(frame);
    if (this.#asked.length > 0) throw new Broken("a bad frame asked for something", frame);
    if (this.#ear.closedWith !== "not of this protocol") throw new Broken("a bad frame was taken", frame);
    if (this.#ear.take().length > 0) throw new Broken("a bad frame was answered", frame);
  }

  async #expectAsked(request: AdminRequest, frame: Uint8Array): Promise<void> {
    const again = encodeAdminRequest(request);
    expectBounded(request, frame);
    this.#ear.hear(frame);
    // Every other time a second question comes before the answer.
    const impatient = this.#draw.once(2);
    if (impatient) this.#ear.hear(frame);
    await settled();
    const [asked, more] = this.#asked.splice(0);
    // There never is more of a backup that was not begun, or is over.
    const reaches = request.type !== "more";
    if ((asked !== undefined) !== reaches || more !== undefined) throw new Broken("not asked once", frame);
    if (asked !== undefined && Buffer.compare(encodeAdminRequest(asked), again) !== 0)
      throw new Broken("asked for something else", frame);
    const said = this.#ear.take().length;
    if (impatient && (this.#ear.isOpen || said > 0)) throw new Broken("two questions at a time", frame);
    if (!impatient && (!this.#ear.isOpen || said !== 1)) throw new Broken("not answered once", frame);
  }
}

/** The name of what came of a frame. */
export function outcomeOfRequest(judged: AdminRequest | string): string {
  return typeof judged === "string" ? judged.replaceAll(/\d+/g, "N") : `asks: ${judged.type}`;
}

function expectBounded(request: AdminRequest, frame: Uint8Array): void {
  const changes = request.type === "change" ? request.changes : [];
  const names = changes
    .flatMap((change) => Object.values(change))
    .filter((value) => typeof value === "string");
  if (request.type === "transfer" && request.to !== null) names.push(request.to);
  if (changes.length > maxChanges) throw new Broken("more changes than may be asked for", frame);
  if (names.some((name) => Buffer.byteLength(name) > wireBounds.nameBytes))
    throw new Broken("a name above its bound", frame);
}

/** Lets an answer, and what follows from it, happen. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 8; turns += 1) await Promise.resolve();
}
