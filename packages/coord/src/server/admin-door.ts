import type { LeaseId } from "@flotilla/kv";
import type { MemberChange } from "@flotilla/raft";
import type { Channel, Clock, Logger, Random, Timer } from "@flotilla/runtime";
import { acceptHandshake, FlotillaError, Lobby, RefusalLog } from "@flotilla/runtime";
import type { LeaseTimesPage, NodeReport } from "../client/admin-api.ts";
import { FramePort, frameHandler } from "../ports/frame-port.ts";
import type { PortHandler } from "../ports/port.ts";
import { decodeAdminRequest, encodeAdminReply } from "../wire/admin-codec.ts";
import type { AdminReply, AdminRequest, DigestPoint } from "../wire/admin-messages.ts";

/** Operators at a time; more are turned away. */
const maxChannels = 64;
/** How long a channel may stay without a question, ms. */
const silentMs = 10_000;
/** The same while it takes a backup: each piece may take its time to get where it is kept. */
const takingMs = 60_000;
/** Backups at a time: each holds the state of its moment in memory. */
const maxSaves = 2;
/** Code units of an error's message that travel. */
const messageLength = 1_000;

/** What is asked often and changes nothing. */
const unremarkable: ReadonlySet<AdminRequest["type"]> = new Set([
  "describe",
  "more",
  "digests",
  "lease-times",
]);
const versions = { min: 1, max: 1 } as const;

/** What a node does for operators. What goes wrong rejects. */
export interface AdminService {
  report(): NodeReport;
  /** Resolves with whoever leads next. */
  transfer(to: string | null): Promise<string>;
  /** Resolves with the version of the membership that holds the changes. */
  change(changes: readonly MemberChange[], ifVersion: number | null): Promise<number>;
  /** Resolves once this node is no member any more. */
  resign(): Promise<void>;
  /** After which numbers of commands it knows what its state came to, and what. */
  digests(): readonly DigestPoint[];
  /** A page of how long leases last. */
  leaseTimes(after: LeaseId | null): LeaseTimesPage;
  /** Begins a backup; each piece is made when it is asked for. */
  save(): Promise<Iterator<Uint8Array>>;
  /** The operator was told that it resigned. */
  resigned(): void;
}

export interface AdminDoorOptions {
  readonly service: AdminService;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly nodeId: string;
  readonly cluster: string;
  readonly secret?: Uint8Array | string | undefined;
}

/** Lets operators in, and answers one question of each at a time. */
export class AdminDoor {
  readonly #options: AdminDoorOptions;
  readonly #desks = new Set<Desk>();
  readonly #lobby: Lobby;
  readonly #refusals: RefusalLog;
  #closed = false;

  constructor(options: AdminDoorOptions) {
    this.#options = options;
    this.#lobby = new Lobby(options.clock, maxChannels);
    this.#refusals = new RefusalLog(options.clock);
  }

  /** Takes a channel from the network, in the turn it came: it must know cluster and secret. */
  accept(channel: Channel): void {
    if (this.#closed || this.#desks.size >= maxChannels || !this.#lobby.enter(channel)) {
      channel.handle({ message: () => {}, end: () => {} });
      channel.close(this.#closed ? "this node is closing" : "too many operators");
      return;
    }
    const { clock, random, cluster, secret, nodeId } = this.#options;
    acceptHandshake(channel, {
      clock,
      random,
      cluster,
      ...(secret === undefined ? {} : { secret }),
      versions,
      identity: nodeId,
      onReady: () => frameHandler(this.#open(channel), decodeAdminRequest),
    })
      .catch((error: unknown) => this.#turnedAway(channel, error))
      .finally(() => this.#lobby.leave(channel));
  }

  /** Ends every channel and takes no more. */
  close(): void {
    this.#closed = true;
    for (const desk of this.#desks) desk.close("this node is closing");
  }

  #turnedAway({ remoteAddress }: Channel, error: unknown): void {
    if (!this.#refusals.isNewsFrom(remoteAddress, error)) return;
    this.#options.logger.warn({ err: error, remoteAddress }, "an operator was turned away");
  }

  #open(channel: Channel): Desk {
    const desk: Desk = new Desk(channel, this.#options, {
      ended: () => this.#desks.delete(desk),
      maySave: () => [...this.#desks].filter(({ isSaving }) => isSaving).length < maxSaves,
    });
    this.#desks.add(desk);
    if (this.#closed) desk.close("this node is closing");
    return desk;
  }
}

/** What a desk needs of its door. */
interface DeskOwner {
  readonly ended: () => void;
  readonly maySave: () => boolean;
}

/** One operator. */
class Desk implements PortHandler<AdminRequest> {
  readonly #port: FramePort<AdminReply>;
  readonly #options: AdminDoorOptions;
  readonly #owner: DeskOwner;
  #silence: Timer | undefined;
  #isBusy = false;
  #isOver = false;
  /** The backup under way. */
  #pieces: Iterator<Uint8Array> | null = null;
  /** A backup is under way, or is being begun. */
  isSaving = false;

  constructor(channel: Channel, options: AdminDoorOptions, owner: DeskOwner) {
    this.#port = new FramePort(channel, encodeAdminReply);
    this.#options = options;
    this.#owner = owner;
    this.#listen();
  }

  message(request: AdminRequest): void {
    if (this.#isOver) return;
    if (this.#isBusy) {
      this.close("one question at a time");
      return;
    }
    this.#isBusy = true;
    this.#silence?.cancel();
    void this.#answer(request);
  }

  garbled(error: unknown): void {
    this.#options.logger.warn({ err: error }, "an operator sent what is not of this protocol");
    this.close("not of this protocol");
  }

  end(): void {
    this.close("");
  }

  close(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#silence?.cancel();
    this.#endSave();
    this.#port.close(reason);
    this.#owner.ended();
  }

  #listen(): void {
    const patienceMs = this.isSaving ? takingMs : silentMs;
    this.#silence = this.#options.clock.setTimer(patienceMs, () => this.close("no question"));
  }

  async #answer(request: AdminRequest): Promise<void> {
    const reply = await this.#carryOut(request).catch((error: unknown) => this.#errorReply(error));
    if (!this.#isOver) this.#port.send(reply);
    if (reply.type === "left") this.#options.service.resigned();
    this.#isBusy = false;
    if (!this.#isOver) this.#listen();
  }

  async #carryOut(request: AdminRequest): Promise<AdminReply> {
    const { service, logger } = this.#options;
    if (!unremarkable.has(request.type)) logger.info({ request }, "an operator asks");
    switch (request.type) {
      case "describe":
        return { type: "report", report: service.report() };
      case "transfer":
        return { type: "transferred", leader: await service.transfer(request.to) };
      case "change":
        return { type: "changed", version: await service.change(request.changes, request.ifVersion) };
      case "save":
        await this.#beginSave();
        return this.#nextPiece();
      case "more":
        return this.#nextPiece();
      case "lease-times":
        return { type: "lease-times", ...service.leaseTimes(request.after) };
      case "digests":
        return { type: "digests", points: service.digests() };
      default:
        await service.resign();
        return { type: "left" };
    }
  }

  async #beginSave(): Promise<void> {
    this.#endSave();
    if (!this.#owner.maySave())
      throw new FlotillaError("ERR_FLOTILLA_OVERLOADED", `${maxSaves} backups are under way at this member`);
    this.isSaving = true;
    try {
      this.#pieces = await this.#options.service.save();
    } catch (error) {
      this.#endSave();
      throw error;
    }
    if (this.#isOver) this.#endSave();
  }

  #nextPiece(): AdminReply {
    if (this.#pieces === null)
      throw new FlotillaError("ERR_FLOTILLA_BAD_ARGUMENT", "no backup is under way on this channel");
    const { value, done } = this.#pieces.next();
    if (done !== true) return { type: "piece", bytes: value, last: false };
    this.#endSave();
    return { type: "piece", bytes: new Uint8Array(0), last: true };
  }

  #endSave(): void {
    this.#pieces = null;
    this.isSaving = false;
  }

  #errorReply(error: unknown): AdminReply {
    if (!FlotillaError.is(error)) {
      this.#options.logger.error({ err: error }, "an operator's question could not be served");
      return { type: "error", code: "ERR_FLOTILLA_INTERNAL", message: "see the node's log", ambiguous: true };
    }
    const { code, message, ambiguous } = error;
    return { type: "error", code, message: message.slice(0, messageLength), ambiguous };
  }
}
